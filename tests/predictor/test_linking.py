from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest
import tesserocr

from predictor.engines import acceleration, line_images, linking


def test_finds_the_library_that_is_loaded() -> None:
    path = Path(linking.tesseract().name.decode())
    assert path.exists()
    assert "tesseract" in path.name


def test_leaves_a_library_alone_that_does_not_ask_for_it() -> None:
    assert list(linking.slots(linking.library_of(ctypes.CDLL(None).strlen), "pixWriteMem")) == []
    assert not linking.lead("no_such_function", linking.loaded.pixWriteMemSpix)


@pytest.mark.parametrize("name", ["TessBaseAPICreate", "pixWriteMemSpix"])
def test_says_no_where_names_are_hidden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hidden:
        def __getattr__(self, asked: str) -> Any:
            if asked == name:
                raise AttributeError(asked)
            return getattr(ctypes.CDLL(tesserocr.tesserocr.__file__), asked)

    monkeypatch.setattr(linking, "loaded", Hidden())
    assert not line_images.keep_raw()
    if name == "TessBaseAPICreate":
        assert acceleration.install.__wrapped__() == "tesseract"
