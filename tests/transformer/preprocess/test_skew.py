from __future__ import annotations

import numpy as np
import pytest

from tests.transformer.preprocess.pages import curved, text_page
from transformer.preprocess import glyphs, skew


@pytest.mark.parametrize("degrees", [-7.0, -1.5, 0.0, 2.0, 9.0])
def test_a_tilt_is_measured_and_undone(degrees: float) -> None:
    page, _ = text_page()
    tilted, geometry = skew.rotated(page, degrees)
    assert geometry.read == tilted.shape[::-1]
    found = glyphs.find(tilted)
    assert skew.angle(found) == pytest.approx(-degrees, abs=0.35)
    assert skew.bend(found, geometry.read) is None


def test_rotated_pixels_lie_where_the_geometry_says() -> None:
    page = np.full((200, 300), 255, np.uint8)
    page[60:66, 200:206] = 0
    turned, geometry = skew.rotated(page, 20)
    rows, columns = np.nonzero(turned < 100)
    ((x, y),) = geometry.forward([(203, 63)])
    assert columns.mean() + 0.5 == pytest.approx(x, abs=0.5)
    assert rows.mean() + 0.5 == pytest.approx(y, abs=0.5)


def test_curved_lines_become_level() -> None:
    page, _ = text_page()
    bowed = curved(page, degrees=10)
    found = glyphs.find(bowed)
    bend = skew.bend(found, (bowed.shape[1], bowed.shape[0]))
    assert bend is not None
    level, geometry = skew.straightened(bowed, bend)
    assert geometry.read == level.shape[::-1]
    assert skew.bend(glyphs.find(level), geometry.read) is None
    assert np.abs(skew.chains(glyphs.find(level), links=4).slope).mean() < 0.03


def test_straightened_pixels_lie_where_the_geometry_says() -> None:
    page, _ = text_page()
    bowed = curved(page, degrees=10)
    bend = skew.bend(glyphs.find(bowed), (bowed.shape[1], bowed.shape[0]))
    assert bend is not None
    spots = np.full_like(bowed, 255)
    for x, y in ((150, 200), (500, 400), (900, 650)):
        spots[y - 3 : y + 3, x - 3 : x + 3] = 0
        level, geometry = skew.straightened(spots, bend)
        rows, columns = np.nonzero(level < 128)
        ((to_x, to_y),) = geometry.forward([(x, y)])
        assert columns.mean() + 0.5 == pytest.approx(to_x, abs=0.7)
        assert rows.mean() + 0.5 == pytest.approx(to_y, abs=0.7)
        spots[:] = 255


def test_too_little_text_has_no_angle() -> None:
    page, _ = text_page(lines=1, width=200)
    found = glyphs.find(page)
    assert skew.angle(found) == 0
    assert skew.bend(found, (200, 200)) is None
