from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess import border, glyphs

Pixels = NDArray[np.uint8]


def found_on(page: Pixels) -> Pixels | None:
    return border.find(page, glyphs.find(page))


def test_a_clean_page_has_no_edges() -> None:
    page, _ = text_page()
    assert found_on(page) is None
    assert found_on(np.full((300, 300), 255, np.uint8)) is None


def test_a_black_scanner_edge_is_cleared_and_the_text_stays() -> None:
    page, _ = text_page()
    scanned = page.copy()
    scanned[:, :30] = 10
    scanned[-25:] = 20
    edges = found_on(scanned)
    assert edges is not None
    clean = border.cleared(scanned, edges)
    assert np.abs(clean.astype(int) - page).mean() < 1
    assert np.array_equal(clean[:-60, 60:], page[:-60, 60:])


def test_a_frame_around_the_sheet_is_cleared() -> None:
    page, _ = text_page()
    framed = np.pad(np.pad(page, 30, constant_values=60), 50, constant_values=255)
    edges = found_on(framed)
    assert edges is not None
    assert border.cleared(framed, edges)[50:80].min() == 255


def test_a_title_bar_with_light_text_belongs_to_the_page() -> None:
    page, _ = text_page()
    bar, _ = text_page(lines=1, seed=3)
    assert found_on(np.vstack([255 - bar, page])) is None


def test_thin_rules_and_large_letters_are_no_edges() -> None:
    page, _ = text_page()
    ruled = page.copy()
    ruled[10:13] = 0
    ruled[:, 5:8] = 0
    assert found_on(ruled) is None
