from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.transformer.preprocess.pages import curved, text_page
from transformer.preprocess import components
from transformer.preprocess.components import Pixels
from transformer.preprocess.prepare import prepare
from transformer.preprocess.straighten import deskew, slant


def leaning(page: Pixels, by: float) -> Pixels:
    """The page with its rows shifted, so that upright strokes lead to the right downwards by this run over rise."""
    height, width = page.shape
    shift = np.array([[1, by, max(0.0, -by * height)], [0, 1, 0]])
    size = (width + round(abs(by) * height), height)
    return np.asarray(cv2.warpAffine(page, shift, size, flags=cv2.INTER_LINEAR, borderValue=255), dtype=np.uint8)


@pytest.mark.parametrize("by", [-0.25, -0.12, 0.1, 0.2])
def test_the_slant_of_letters_is_measured(by: float) -> None:
    page = leaning(text_page()[0], by)
    assert slant.measure(components.find(page)) == pytest.approx(by, abs=0.03)


def test_upright_letters_have_no_slant() -> None:
    page = text_page()[0]
    assert slant.measure(components.find(page)) == 0
    assert slant.measure(components.find(np.full((200, 200), 255, np.uint8))) == 0


@pytest.mark.parametrize("by", [-0.15, 0.15])
def test_a_dewarped_page_is_upright(by: float) -> None:
    page = curved(leaning(text_page()[0], by), degrees=10)
    ready = prepare(page)
    assert "dewarp" in ready.steps
    assert slant.measure(components.find(ready.pixels)) == 0


@pytest.mark.parametrize("by", [-0.15, 0.15])
@pytest.mark.parametrize("degrees", [-5.0, 5.0])
def test_a_rotated_page_is_upright(degrees: float, by: float) -> None:
    page, _ = deskew.rotated(leaning(text_page()[0], by), degrees)
    ready = prepare(page)
    assert "deskew" in ready.steps
    assert slant.measure(components.find(ready.pixels)) == 0


def test_a_rotation_alone_is_no_slant() -> None:
    page, _ = deskew.rotated(text_page()[0], 5.0)
    assert slant.measure(components.find(page), degrees=-5.0) == 0


def test_pixels_lie_where_the_geometry_says_up_to_the_edges() -> None:
    page = curved(text_page()[0], degrees=10)
    height, width = page.shape
    dewarp = deskew.dewarp_of(components.find(page), (width, height))
    assert dewarp is not None
    for x, y in ((5, 6), (width - 6, 8), (6, height - 7), (width - 6, height - 7), (500, 400)):
        spots = np.full_like(page, 255)
        spots[y - 3 : y + 3, x - 3 : x + 3] = 0
        level, geometry = deskew.straightened(spots, dewarp, slant=-0.12)
        rows, columns = np.nonzero(level < 128)
        ((to_x, to_y),) = geometry.forward([(x, y)])
        assert columns.mean() + 0.5 == pytest.approx(to_x, abs=0.7)
        assert rows.mean() + 0.5 == pytest.approx(to_y, abs=0.7)
