"""Rules erased from drawn pages: the letters on them stay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tests.support.scripts import DEJAVU
from transformer.structure.ruled.erasure import without_ruled_lines

HEIGHT = 26.0
"""Of the letters, as on a page that was enlarged."""
FONT = ImageFont.truetype(DEJAVU, 36)
BASELINE = 140


def blank() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("L", (1000, 300), 255)
    return page, ImageDraw.Draw(page)


def with_text(text: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page, pen = blank()
    pen.text((100, BASELINE), text, font=FONT, fill=0, anchor="ls")
    return page, pen


def erased(page: Image.Image) -> NDArray[np.uint8]:
    return without_ruled_lines(np.asarray(page), letter_height=HEIGHT)


@pytest.mark.parametrize("thickness", [1, 3, 8])
@pytest.mark.parametrize("text", ["Lorillard", "Name of Account"])
def test_an_underline_is_erased_and_the_letters_above_it_stay(text: str, thickness: int) -> None:
    plain, _ = with_text(text)
    page, pen = with_text(text)
    pen.rectangle((60, BASELINE + 2, 900, BASELINE + 1 + thickness), fill=0)

    found, wanted = erased(page), np.asarray(plain)

    assert np.array_equal(found[: BASELINE - 2], wanted[: BASELINE - 2])
    assert np.count_nonzero(found[BASELINE + 2 :] < 128) == 0


def test_strokes_that_cross_a_rule_stay() -> None:
    page, pen = with_text("pppp")
    y = BASELINE - 1
    pen.rectangle((60, y, 900, y + 2), fill=0)

    found = erased(page)

    stems = np.flatnonzero(np.asarray(with_text("pppp")[0])[y + 1] < 128)
    assert len(stems)
    assert (found[y + 1, stems] < 128).all()
    assert (found[y + 1, 500:900] == 255).all()


def test_the_box_around_a_field_is_erased_and_what_stands_in_it_stays() -> None:
    page, pen = with_text("X")
    pen.rectangle((60, BASELINE - 45, 260, BASELINE + 15), outline=0, width=3)

    assert np.array_equal(erased(page), np.asarray(with_text("X")[0]))


def test_a_small_box_keeps_no_side() -> None:
    page, pen = blank()
    pen.rectangle((60, 100, 260, 142), outline=0, width=3)

    assert erased(page).min() == 255


@pytest.mark.parametrize("box", [(100, 100, 160, 160), (100, 80, 900, 220)])
def test_pictures_stay(box: tuple[int, int, int, int]) -> None:
    page, pen = blank()
    pen.rectangle(box, fill=0)

    assert np.array_equal(erased(page), np.asarray(page))


def test_small_letters_that_touch_are_no_rule() -> None:
    page, pen = blank()
    for x in range(100, 400, 8):
        pen.line((x, 100, x, 125), fill=0, width=5)
    pen.rectangle((100, 112, 400, 114), fill=0)

    assert np.array_equal(erased(page), np.asarray(page))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (300, 300)])
def test_a_page_without_rules_stays_as_it_is(size: tuple[int, int]) -> None:
    page = np.full(size, 255, np.uint8)

    assert np.array_equal(without_ruled_lines(page, letter_height=HEIGHT), page)


@pytest.mark.parametrize("level", [0, 255])
def test_the_page_itself_stays(level: int) -> None:
    page = np.full((80, 200), level, np.uint8)
    page[40] = 0
    before = page.copy()

    without_ruled_lines(page, letter_height=10)

    assert np.array_equal(page, before)
