from __future__ import annotations

import numpy as np
import pytest

from tests.transformer.preprocess.pages import curved, text_page
from transformer.preprocess import components
from transformer.preprocess.straighten import deskew


@pytest.mark.parametrize("degrees", [-7.0, -1.5, 0.0, 2.0, 9.0])
def test_a_tilt_is_measured_and_undone(degrees: float) -> None:
    page, _ = text_page()
    tilted, geometry = deskew.rotated(page, degrees)
    assert geometry.preprocessed == tilted.shape[::-1]
    found = components.find(tilted)
    assert deskew.angle(found) == pytest.approx(-degrees, abs=0.35)
    assert deskew.dewarp_of(found, geometry.preprocessed) is None


def test_the_tilt_of_short_lines_is_measured() -> None:
    page, _ = text_page(width=260, lines=20)
    tilted, _ = deskew.rotated(page, 5.0)
    found = components.find(tilted)
    assert len(deskew.chains(found, links=deskew.ROTATION_LINKS).slope) < deskew.LEAST_CHAINS
    assert deskew.angle(found) == pytest.approx(-5.0, abs=0.6)


def test_rotated_pixels_lie_where_the_geometry_says() -> None:
    page = np.full((200, 300), 255, np.uint8)
    page[60:66, 200:206] = 0
    turned, geometry = deskew.rotated(page, 20)
    rows, columns = np.nonzero(turned < 100)
    ((x, y),) = geometry.forward([(203, 63)])
    assert columns.mean() + 0.5 == pytest.approx(x, abs=0.5)
    assert rows.mean() + 0.5 == pytest.approx(y, abs=0.5)


def test_curved_lines_become_level() -> None:
    page, _ = text_page()
    bowed = curved(page, degrees=10)
    found = components.find(bowed)
    dewarp = deskew.dewarp_of(found, (bowed.shape[1], bowed.shape[0]))
    assert dewarp is not None
    level, geometry = deskew.straightened(bowed, dewarp)
    assert geometry.preprocessed == level.shape[::-1]
    assert deskew.dewarp_of(components.find(level), geometry.preprocessed) is None
    assert np.abs(deskew.chains(components.find(level), links=4).slope).mean() < 0.03


def test_straightened_pixels_lie_where_the_geometry_says() -> None:
    page, _ = text_page()
    bowed = curved(page, degrees=10)
    dewarp = deskew.dewarp_of(components.find(bowed), (bowed.shape[1], bowed.shape[0]))
    assert dewarp is not None
    spots = np.full_like(bowed, 255)
    for x, y in ((150, 200), (500, 400), (900, 650)):
        spots[y - 3 : y + 3, x - 3 : x + 3] = 0
        level, geometry = deskew.straightened(spots, dewarp)
        rows, columns = np.nonzero(level < 128)
        ((to_x, to_y),) = geometry.forward([(x, y)])
        assert columns.mean() + 0.5 == pytest.approx(to_x, abs=0.7)
        assert rows.mean() + 0.5 == pytest.approx(to_y, abs=0.7)
        spots[:] = 255


def test_too_little_text_has_no_angle() -> None:
    page, _ = text_page(lines=1, width=200)
    found = components.find(page)
    assert deskew.angle(found) == 0
    assert deskew.dewarp_of(found, (200, 200)) is None
