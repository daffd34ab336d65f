from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest
import tesserocr

from predictor.acceleration import install, line_images, plt_hook


def test_finds_the_library_that_is_loaded() -> None:
    path = Path(plt_hook.tesseract().name.decode())
    assert path.exists()
    assert "tesseract" in path.name


def test_leaves_a_library_alone_that_does_not_ask_for_it() -> None:
    assert list(plt_hook.slots(plt_hook.library_of(ctypes.CDLL(None).strlen), "pixWriteMem")) == []
    assert not plt_hook.lead("no_such_function", plt_hook.loaded.pixWriteMemSpix)


@pytest.mark.parametrize("name", ["TessBaseAPICreate", "pixWriteMemSpix"])
def test_says_no_where_names_are_hidden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hidden:
        def __getattr__(self, asked: str) -> Any:
            if asked == name:
                raise AttributeError(asked)
            return getattr(ctypes.CDLL(tesserocr.tesserocr.__file__), asked)

    monkeypatch.setattr(plt_hook, "loaded", Hidden())
    assert not line_images.keep_raw()
    if name == "TessBaseAPICreate":
        assert install.install.__wrapped__() == "tesseract"
