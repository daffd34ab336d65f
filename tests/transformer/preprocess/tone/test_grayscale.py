from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess.tone import grayscale

Pixels = NDArray[np.uint8]


def colored(ink: tuple[int, int, int], paper: tuple[int, int, int]) -> Pixels:
    page, _ = text_page()
    share = page[:, :, None] / 255
    return np.asarray(np.rint(share * np.array(paper) + (1 - share) * np.array(ink)), dtype=np.uint8)


def contrast(page: Pixels) -> int:
    return int(page.max()) - int(page.min())


def test_a_gray_page_is_taken_without_a_copy() -> None:
    page, _ = text_page()
    assert grayscale.plain(page) is page
    assert grayscale.readable(page) is None


@pytest.mark.parametrize("ink", [(0, 0, 0), (20, 20, 120), (180, 0, 0), (0, 100, 0)])
def test_luma_stays_where_it_shows_the_text(ink: tuple[int, int, int]) -> None:
    assert grayscale.readable(colored(ink, (255, 255, 255))) is None


@pytest.mark.parametrize(
    ("ink", "paper"),
    [((255, 235, 0), (255, 255, 255)), ((200, 30, 30), (30, 120, 30)), ((0, 210, 240), (255, 255, 255))],
)
def test_text_that_differs_in_hue_alone_gets_contrast(ink: tuple[int, int, int], paper: tuple[int, int, int]) -> None:
    page = colored(ink, paper)
    found = grayscale.readable(page)
    assert found is not None
    assert contrast(found) > 1.5 * contrast(grayscale.plain(page))
    assert contrast(found) > 150


def test_a_page_without_edges_keeps_luma() -> None:
    assert grayscale.readable(np.full((30, 30, 3), (255, 235, 0), np.uint8)) is None
