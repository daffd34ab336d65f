"""Text of any color on ground of any color keeps its ink, at every size."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.drawn_grounds import PAIRS, SIZES, Color
from tests.transformer.preprocess.pages import text_page
from transformer.preprocess.prepare import prepare


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_colored_text_becomes_dark_on_light(ink: Color, paper: Color, size: int) -> None:
    page, _ = text_page(size=size, width=36 * size, lines=8)
    share = page[:, :, None] / 255.0
    colored = np.rint(share * np.array(paper) + (1 - share) * np.array(ink)).astype(np.uint8)
    ready = prepare(colored, orient=False, without=frozenset({"scale"})).pixels
    middle = (int(ready.min()) + int(ready.max())) / 2
    assert int(ready.max()) - int(ready.min()) > 100
    assert np.mean((ready < middle) != (page < 128)) < 0.4 * np.mean(page < 128)
