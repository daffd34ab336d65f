from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest
import tesserocr

from predictor.acceleration import plt_hook
from predictor.acceleration.install import install
from predictor.acceleration.state import Acceleration


def test_finds_the_loaded_library() -> None:
    path = Path(plt_hook.tesseract().name.decode())
    assert path.exists()
    assert "tesseract" in path.name


def test_finds_the_entries_of_functions_that_a_library_calls() -> None:
    assert len(list(plt_hook.entries(plt_hook.tesseract(), "pixOpenBrick"))) == 1
    assert list(plt_hook.entries(plt_hook.tesseract(), "no_such_function")) == []
    assert list(plt_hook.entries(plt_hook.library_of(ctypes.CDLL(None).strlen), "pixWriteMem")) == []


@pytest.mark.parametrize(("name", "reason"), [("TessBaseAPICreate", "not_built"), ("pixWriteMemSpix", "plt")])
def test_hidden_names_are_a_reason(name: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hidden:
        def __getattr__(self, requested: str) -> Any:
            if requested == name:
                raise AttributeError(requested)
            return getattr(ctypes.CDLL(tesserocr.tesserocr.__file__), requested)

    monkeypatch.setattr(plt_hook, "loaded", Hidden())
    assert install() == Acceleration("none", reason)
