from __future__ import annotations

import numpy as np
import pytest

from tests.transformer.preprocess.pages import text_page
from transformer.preprocess import margins
from transformer.preprocess.margins import Pixels
from transformer.preprocess.prepare import prepare
from transformer.preprocess.steps import GEOMETRIC_STEPS


def sparse(*, paper: int = 255) -> Pixels:
    """A page of 1,700 x 2,200 pixels with four lines at its top."""
    page = np.full((2200, 1700), paper, np.uint8)
    text, _ = text_page(lines=4)
    page[100 : 100 + text.shape[0], 200 : 200 + text.shape[1]] = np.minimum(text, paper)
    return page


def test_white_around_little_text_is_left_out() -> None:
    page = sparse()
    ready = prepare(page, without=frozenset({"scale", "dewarp", "deskew"}))
    assert "margins" in ready.steps
    assert ready.pixels.size < 0.5 * page.size
    assert np.count_nonzero(ready.pixels < 128) == np.count_nonzero(page < 128)
    rows, columns = np.nonzero(page < 128)
    place = ready.geometry.forward([(columns[0], rows[0])])[0]
    assert ready.pixels[int(place[1]), int(place[0])] == page[rows[0], columns[0]]


def test_boxes_of_letters_lie_on_the_part_that_is_left() -> None:
    ready = prepare(sparse())
    height, width = ready.pixels.shape
    assert len(ready.letters) > 50
    assert (ready.letters >= 0).all()
    assert (ready.letters <= [width, height, width, height]).all()


@pytest.mark.parametrize("level", [245, 120, 0])
def test_the_faintest_mark_keeps_its_place_on_the_page(level: int) -> None:
    page = sparse()
    page[2150:2160, 1600:1620] = level
    assert margins.inked(page) is None


def test_some_paper_stays_around_the_text() -> None:
    page = np.full((2000, 1500), 255, np.uint8)
    page[1000:1010, 700:710] = 0
    box = margins.inked(page)
    assert box is not None
    left, top, right, bottom = box
    assert left <= 640
    assert top <= 940
    assert (right - left, bottom - top) == (700, 700)


@pytest.mark.parametrize(
    "page",
    [
        np.full((2200, 1700), 255, np.uint8),
        sparse(paper=230),
        np.ascontiguousarray(sparse()[:500]),
        text_page(lines=40, width=1400)[0],
    ],
)
def test_other_pages_stay_whole(page: Pixels) -> None:
    assert margins.inked(page) is None


def test_the_step_can_be_left_out() -> None:
    assert "margins" not in prepare(sparse(), without=frozenset({"margins"})).steps


def test_a_page_that_is_only_cleaned_keeps_its_size() -> None:
    page = sparse()
    assert prepare(page, without=GEOMETRIC_STEPS).pixels.shape == page.shape
