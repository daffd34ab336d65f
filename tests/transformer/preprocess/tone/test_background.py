from __future__ import annotations

import numpy as np

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess.tone import background


def test_a_white_page_is_even() -> None:
    page, _ = text_page()
    assert background.uneven(page) is None


def test_specks_on_white_paper_are_no_shadow() -> None:
    page, _ = text_page()
    page = page.copy()
    page[100:130, 100:130] = 0
    assert background.uneven(page) is None


def test_a_shadow_is_divided_out() -> None:
    page, _ = text_page()
    shadow = np.linspace(0.35, 1.0, page.shape[1])
    shaded = (page * shadow).astype(np.uint8)
    paper = background.uneven(shaded)
    assert paper is not None
    flat = background.flatten(shaded, paper)
    assert np.abs(flat.astype(int) - page).mean() < 6
    assert np.percentile(flat, 60) > 240


def test_tinted_paper_becomes_white() -> None:
    page, _ = text_page()
    tinted = (page * 0.7).astype(np.uint8)
    paper = background.uneven(tinted)
    assert paper is not None
    flat = background.flatten(tinted, paper)
    assert np.median(flat) == 255
    assert flat.min() == 0
