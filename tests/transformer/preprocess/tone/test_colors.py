"""Text of any color on ground of any color keeps its ink, at every size."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess.prepare import prepare

Color = tuple[int, int, int]

PAIRS: tuple[tuple[Color, Color], ...] = (
    ((255, 255, 255), (92, 170, 235)),
    ((255, 255, 255), (76, 175, 80)),
    ((255, 255, 255), (244, 67, 54)),
    ((255, 255, 255), (255, 152, 0)),
    ((255, 255, 255), (158, 158, 158)),
    ((255, 255, 255), (200, 200, 200)),
    ((255, 235, 59), (0, 0, 0)),
    ((255, 193, 7), (63, 81, 181)),
    ((180, 220, 180), (20, 60, 20)),
    ((120, 120, 120), (35, 35, 35)),
    ((0, 0, 0), (255, 235, 59)),
    ((0, 0, 255), (255, 255, 0)),
    ((33, 33, 33), (255, 152, 0)),
    ((97, 97, 97), (189, 189, 189)),
    ((0, 150, 136), (255, 255, 255)),
    ((255, 235, 0), (255, 255, 255)),
    ((0, 210, 240), (255, 255, 255)),
    ((255, 0, 0), (0, 128, 0)),
    ((220, 40, 40), (40, 40, 220)),
    ((255, 120, 120), (90, 160, 90)),
    ((150, 75, 0), (255, 228, 196)),
)


@pytest.mark.parametrize("size", [10, 14, 20, 28, 60])
@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_colored_text_becomes_dark_on_light(ink: Color, paper: Color, size: int) -> None:
    page, _ = text_page(size=size, width=36 * size, lines=8)
    share = page[:, :, None] / 255.0
    colored = np.rint(share * np.array(paper) + (1 - share) * np.array(ink)).astype(np.uint8)
    ready = prepare(colored, orient=False, without=frozenset({"scale"})).pixels
    middle = (int(ready.min()) + int(ready.max())) / 2
    assert int(ready.max()) - int(ready.min()) > 100
    assert np.mean((ready < middle) != (page < 128)) < 0.4 * np.mean(page < 128)
