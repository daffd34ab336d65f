"""What the engine need not do on a page that was prepared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kserve_ocr.protocol.parameters import RecognitionOptions
from tests.transformer.pipeline.pages.test_page_recognizer import prepared
from transformer.pipeline.ocr_request import Document
from transformer.pipeline.request_pipeline import engine_options


@pytest.mark.parametrize(
    ("letters", "options", "dark"),
    [
        (100, {}, True),
        (10, {}, False),
        (100, {"preprocess": False}, False),
        (100, {"skip_steps": frozenset({"invert"})}, False),
        (100, {"skip_steps": frozenset({"deskew"})}, True),
    ],
)
def test_text_is_dark_where_preparation_made_it_so(letters: int, options: dict[str, Any], dark: bool) -> None:
    reading = RecognitionOptions(lang="deu", psm=6)
    values: dict[str, Any] = {
        "preprocess": True,
        "orient": True,
        "order": "auto",
        "selection": None,
        "skip_steps": frozenset(),
    }
    document = Document(b"", reading=reading, **(values | options))

    found = engine_options(prepared(np.zeros((letters, 4))), document)

    assert found == RecognitionOptions(lang="deu", psm=6, dark_ink=dark)
