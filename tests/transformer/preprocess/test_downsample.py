from __future__ import annotations

import numpy as np

from transformer.preprocess.downsample import shrink


def test_squares_are_averaged_and_leftovers_dropped() -> None:
    page = np.arange(35, dtype=np.uint8).reshape(5, 7)
    small = shrink(page, 2)
    assert small.shape == (2, 3)
    assert small[0, 0] == np.rint(page[:2, :2].mean())


def test_a_page_too_small_to_shrink_stays() -> None:
    page = np.zeros((1, 3000), np.uint8)
    assert shrink(page, 4) is page
    assert shrink(page, 1) is page
