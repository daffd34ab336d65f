from __future__ import annotations

import numpy as np
import pytest

from kserve_ocr.protocol.layout import PageLayout, Word
from tests.support.drawn_layouts import Pen, page, prose, texts
from tests.support.drawn_lines import line
from transformer.structure import lone_numbers

PIXELS = np.full((800, 1000), 255, np.uint8)
BODY = prose(4)
PROSE = page(Pen().lines(BODY, 100, 200), width=1000, height=800)
ABOVE = (500.0, 100.0, 512.0, 120.0, 480.0, 100.0, 532.0, 120.0)
"""A digit between dashes."""
BESIDE = (700.0, 102.0, 712.0, 121.0, 700.0, 102.0, 712.0, 121.0)
BELOW = (500.0, 600.0, 512.0, 620.0, 500.0, 600.0, 512.0, 620.0)
"""Digits alone."""
INSIDE = (700.0, 220.0, 712.0, 240.0, 700.0, 220.0, 712.0, 240.0)


def boxes(*numbers: tuple[float, ...]) -> lone_numbers.Boxes:
    return np.array(numbers).reshape(-1, 8)


def read(*found: tuple[str, float], numbers: lone_numbers.Boxes) -> PageLayout:
    """The page with numbers that were recognized so, one after the other in their image."""
    dark = np.zeros_like(PIXELS)
    row = lone_numbers.image(dark, numbers)
    columns = np.flatnonzero((row == 0).any(axis=0))
    starts = [int(part[0]) for part in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)]
    words = [Word(text, (start, 30, start + 15, 50), sure) for start, (text, sure) in zip(starts, found, strict=True)]
    return lone_numbers.added(PROSE, PIXELS, numbers, page([line(*words)]))


def test_only_numbers_above_and_below_the_text_were_left_out() -> None:
    assert np.array_equal(lone_numbers.left_out(PROSE, boxes(ABOVE, INSIDE, BELOW)), boxes(ABOVE, BELOW))
    assert len(lone_numbers.left_out(PageLayout(10, 10, ()), boxes(ABOVE))) == 0


def test_numbers_come_first_or_last() -> None:
    whole = read(("4", 0.95), ("2", 0.95), numbers=boxes(ABOVE, BELOW))

    assert texts(whole) == ["-4-", *BODY, "2"]
    first = next(whole.iter_words())
    assert first.bbox == (480, 100, 532, 120)


def test_numbers_beside_each_other_are_one_line() -> None:
    assert texts(read(("2", 0.95), ("1", 0.95), numbers=boxes(BESIDE, ABOVE)))[0] == "-1- 2"


@pytest.mark.parametrize("found", [("A", 0.95), ("4", 0.6), ("4.", 0.95)])
def test_what_is_no_sure_number_is_not_added(found: tuple[str, float]) -> None:
    assert read(found, numbers=boxes(ABOVE)) is PROSE


def test_a_number_without_dashes_must_be_surer() -> None:
    assert texts(read(("4", 0.7), numbers=boxes(ABOVE))) == ["-4-", *BODY]
    assert read(("4", 0.7), numbers=boxes(BELOW)) is PROSE


def test_the_image_shows_the_digits_alone() -> None:
    pixels = PIXELS.copy()
    pixels[100:120, 480:532] = 0

    row = lone_numbers.image(pixels, boxes(ABOVE))

    rows, columns = np.nonzero(row == 0)
    assert np.ptp(columns) + 1 == 12 + 6
    assert np.ptp(rows) + 1 == 20
    assert row.shape[0] > 60
