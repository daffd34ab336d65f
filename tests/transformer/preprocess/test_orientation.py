from __future__ import annotations

import numpy as np
import pytest

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess import glyphs, orientation
from transformer.preprocess.orientation import Orientation


@pytest.mark.parametrize("turned", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [12, 28])
def test_every_quarter_is_found(turned: int, size: int) -> None:
    page, _ = text_page(size=size, width=36 * size)
    found = orientation.find(glyphs.find(np.ascontiguousarray(np.rot90(page, turned))))
    assert found == Orientation((4 - turned) % 4, doubt=False)


def test_little_text_decides_nothing() -> None:
    page, _ = text_page(lines=1, width=160)
    for turned in range(4):
        found = orientation.find(glyphs.find(np.ascontiguousarray(np.rot90(page, turned))))
        assert found == Orientation(0, doubt=False)


def test_a_blank_page_lies_upright() -> None:
    assert orientation.find(glyphs.find(np.full((400, 300), 255, np.uint8))) == Orientation(0, doubt=False)
