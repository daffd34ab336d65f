"""A server without its optional dependencies says which extra to install, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kserve_ocr import extras


@pytest.mark.parametrize(
    ("package", "missing", "extra", "endpoint"),
    [
        ("predictor", "tesserocr", "predictor", ""),
        ("transformer", "cv2", "transformer", ""),
        ("predictor", "opentelemetry", "tracing", "http://localhost:4318"),
        ("transformer", "opentelemetry", "tracing", "http://localhost:4318"),
    ],
)
def test_the_missing_extra_is_named(package: str, missing: str, extra: str, endpoint: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import {package}.__main__ as program; program.main()"
    environment = {**os.environ, "OCR_OTLP_ENDPOINT": endpoint}

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == f"not installed: {missing}. Install the extra '{extra}': pip install 'kserve-ocr[{extra}]'\n"


def test_nothing_is_said_when_all_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    extras.exit_without("predictor", "json", "PIL")
    assert capsys.readouterr() == ("", "")
