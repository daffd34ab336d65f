"""Documents and schemas that the repository does not hold: the folder that OCR_SHARED names, else ``../shared``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.local_stack import ROOT


def shared(*parts: str) -> Path:
    """A path in that folder. Where it is missing the test is skipped, or fails when CI is true."""
    path = Path(os.environ.get("OCR_SHARED", ROOT.parent / "shared")).joinpath(*parts)
    if not path.exists():
        sentence = f"there is no {path}; OCR_SHARED names the folder with documents and schemas"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return path
