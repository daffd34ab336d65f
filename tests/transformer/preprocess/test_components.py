from __future__ import annotations

import numpy as np
import pytest

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess import components


def test_the_height_of_letters_follows_their_size() -> None:
    heights = []
    for size in (16, 32, 64):
        page, _ = text_page(size=size, width=30 * size)
        heights.append(components.find(page).height)
    assert heights[1] / heights[0] == pytest.approx(2, rel=0.15)
    assert heights[2] / heights[1] == pytest.approx(2, rel=0.15)


def test_letters_are_found_on_a_smaller_copy_of_a_large_page() -> None:
    page, _ = text_page(size=64, width=3000, lines=22)
    found = components.find(page)
    assert found.labels.size <= 0.5 * page.size
    assert found.factor == pytest.approx(2, abs=0.01)


def test_grain_rules_and_pictures_are_no_letters() -> None:
    draw = np.random.default_rng(0)
    grain = draw.integers(225, 256, (600, 600), dtype=np.uint8)
    assert components.find(grain).height == 0
    ruled = np.full((600, 600), 255, np.uint8)
    ruled[::40] = 0
    ruled[200:500, 100:400] = 30
    assert components.find(ruled).height == 0


def test_neighbors_run_along_the_line() -> None:
    page, _ = text_page()
    found = components.find(page)
    first, second = found.right_neighbors
    assert len(first) > 0.8 * len(found.letters)
    assert (found.stats[second, 0] > found.stats[first, 0]).all()


def test_noise_with_more_components_than_16_bits_hold_is_measured() -> None:
    dots = np.full((1500, 1600), 255, np.uint8)
    dots[::3, ::3] = 0
    found = components.find(dots)
    assert found.labels.dtype == np.int32
    assert len(found.stats) == 500 * 534 + 1
