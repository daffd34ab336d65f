from __future__ import annotations

import numpy as np

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess.tone import background


def test_a_white_page_is_even() -> None:
    page, _ = text_page()
    assert background.is_even(background.estimate(page))


def test_a_shadow_is_divided_out() -> None:
    page, _ = text_page()
    shadow = np.linspace(0.35, 1.0, page.shape[1])
    shaded = (page * shadow).astype(np.uint8)
    paper = background.estimate(shaded)
    assert not background.is_even(paper)
    flat = background.flatten(shaded, paper)
    assert np.abs(flat.astype(int) - page).mean() < 6
    assert np.percentile(flat, 60) > 240


def test_tinted_paper_becomes_white() -> None:
    page, _ = text_page()
    tinted = (page * 0.7).astype(np.uint8)
    flat = background.flatten(tinted, background.estimate(tinted))
    assert np.median(flat) == 255
    assert flat.min() == 0
