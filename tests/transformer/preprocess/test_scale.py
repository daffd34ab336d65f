from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess import components, scale


@given(st.floats(0, 400), st.integers(1, 30_000), st.integers(1, 3000))
def test_no_factor_leaves_the_limits(letter: float, width: int, height: int) -> None:
    factor = scale.factor(letter, (width, height))
    assert 0 < factor <= scale.GREATEST
    if factor > 1:
        assert letter < scale.SMALL
        assert max(width, height) * factor <= scale.GREATEST_SIDE * 1.001
        assert width * height * factor**2 <= scale.GREATEST_PIXELS * 1.001
    if factor < 1:
        assert letter * factor == pytest.approx(scale.SHRUNK)


@pytest.mark.parametrize(("size", "wanted"), [(14, scale.ENLARGED), (80, scale.SHRUNK)])
def test_letters_take_the_wanted_height(size: int, wanted: float) -> None:
    page, _ = text_page(size=size, width=30 * size)
    height, width = page.shape
    factor = scale.factor(components.find(page).height, (width, height))
    resized = scale.resize(page, (round(width * factor), round(height * factor)))
    assert components.find(resized).height == pytest.approx(wanted, rel=0.2)


def test_shrinking_averages_what_it_drops() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (100, 50))
    assert np.abs(scale.resize(stripes, (40, 40)).astype(int) - 127).mean() < 20
