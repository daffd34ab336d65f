from __future__ import annotations

import numpy as np

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess import invert


def test_light_text_on_dark_is_recognized() -> None:
    page, _ = text_page()
    assert invert.is_light_on_dark(255 - page)
    assert invert.is_light_on_dark(np.asarray(200 - page // 2, np.uint8) // 2)
    assert np.array_equal(invert.negative(255 - page), page)


def test_dark_text_is_not_inverted_however_dark_its_page() -> None:
    page, _ = text_page()
    assert not invert.is_light_on_dark(page)
    assert not invert.is_light_on_dark(page // 3)


def test_a_dark_page_without_text_stays() -> None:
    assert not invert.is_light_on_dark(np.zeros((200, 200), np.uint8))
