"""What the first recognition left out, on drawn pages and layouts."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageDraw

from kserve_ocr.protocol.layout import Line, PageLayout, Word
from tests.support.drawn_layouts import Pen, letters_of, page, prose, texts
from transformer.structure.remainder import merged, unread_page, unread_share

PEN = Pen(20)


def blocks(first: int, second: int) -> tuple[list[Line], list[Line]]:
    return PEN.lines(prose(first), 100, 100), PEN.lines(prose(second, seed=1), 900, 100)


def test_nothing_is_unread_where_every_letter_lies_in_a_word() -> None:
    layout = page(*blocks(6, 6))

    assert unread_share(layout, letters_of(layout)) == 0


def test_the_share_of_unread_letters() -> None:
    read, missed = blocks(6, 3)

    share = unread_share(page(read), letters_of(page(read, missed)))

    count = len(letters_of(page(missed))) / len(letters_of(page(read, missed)))
    assert share == pytest.approx(count)


def test_everything_is_unread_where_nothing_was_read() -> None:
    layout = page(*blocks(4, 4))

    assert unread_share(PageLayout(4000, 6000, ()), letters_of(layout)) == 1


@pytest.mark.parametrize(("width", "height"), [(200, 90), (2, 2), (3, 300), (400, 8)])
def test_rules_dots_and_pictures_are_not_unread_letters(width: int, height: int) -> None:
    layout = page(blocks(6, 6)[0])
    others = np.array([[1500 + 500 * n, 300, 1500 + 500 * n + width, 300 + height] for n in range(4)], float)

    assert unread_share(layout, np.concatenate([letters_of(layout), others])) == 0


def test_a_page_without_letters_has_nothing_unread() -> None:
    assert unread_share(PageLayout(10, 10, ()), np.zeros((0, 4))) == 0
    assert unread_share(page(blocks(2, 2)[0]), np.zeros((0, 4))) == 0


def test_only_what_was_read_is_painted_white() -> None:
    image = Image.new("L", (800, 300), 255)
    pen = ImageDraw.Draw(image)
    pen.rectangle((100, 100, 200, 130), fill=0)
    pen.rectangle((400, 100, 500, 130), fill=0)
    pixels = np.asarray(image)
    word = Word("read", (100, 100, 201, 131), 0.9)
    layout = PageLayout(800, 300, page([Line(word.bbox, (word,), (100, 131, 201, 131), 31)]).blocks)

    rest = unread_page(pixels, layout)

    assert rest[:, :300].min() == 255
    assert np.array_equal(rest[:, 300:], pixels[:, 300:])
    assert pixels[110, 150] == 0, "the page itself stays as it is"


def test_reliable_words_are_added_where_there_were_none() -> None:
    read, missed = blocks(4, 3)

    assert texts(merged(page(read), page(missed))) == prose(4) + prose(3, seed=1)


def test_words_that_lie_on_others_are_not_added() -> None:
    read, _ = blocks(4, 1)
    shifted = PEN.lines(prose(4, seed=5), 108, 104)

    assert merged(page(read), page(shifted)) == page(read)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (Word("faint", (1000, 100, 1060, 120), 0.5), "uncertain"),
        (Word("—", (1000, 100, 1060, 120), 0.95), "no letter"),
        (Word("BIG", (1000, 100, 1200, 200), 0.95), "too high"),
        (Word("dot", (1000, 100, 1010, 105), 0.95), "too low"),
    ],
)
def test_other_words_are_not_added(word: Word, reason: str) -> None:
    layout = page(blocks(4, 1)[0])
    second = page([Line(word.bbox, (word,), (0, 0, 0, 0), 20)])

    assert merged(layout, second) == layout, reason


@pytest.mark.parametrize(("confidence", "added"), [(0.95, True), (0.8, False)])
def test_small_print_below_a_title_is_added_where_it_is_sure(confidence: float, added: bool) -> None:
    title = page(Pen(90).lines(["THE TITLE", "OF A BOOK"], 100, 100))
    print_of_authors = [
        Line(line.bbox, tuple(replace(word, confidence=confidence) for word in line.words), line.baseline, line.height)
        for line in PEN.lines(["written by two authors"], 100, 400)
    ]

    found = texts(merged(title, page(print_of_authors)))

    assert found == ["THE TITLE", "OF A BOOK"] + ["written by two authors"] * added


@pytest.mark.parametrize(("text", "added"), [("at", False), ("12", True), ("words", True)])
def test_a_few_letters_alone_in_a_picture_are_not_added(text: str, added: bool) -> None:
    word = Word(text, (900, 100, 930, 120), 0.8)

    found = texts(merged(page(blocks(2, 1)[0]), page([Line(word.bbox, (word,), (900, 120, 930, 120), 20)])))

    assert (text in found) == added


def test_digits_of_several_rows_read_as_one_word_give_way_to_the_rows() -> None:
    stacked = Word("1234", (900, 100, 914, 200), 0.9)
    digits = [PEN.line(digit, 902, 100 + 26 * number) for number, digit in enumerate("1234")]
    first = page(PEN.lines(prose(4), 100, 100), [Line(stacked.bbox, (stacked,), (900, 200, 914, 200), 100)])

    assert texts(merged(first, page(digits))) == [*prose(4), "1", "2", "3", "4"]


def test_a_page_where_nothing_was_read_takes_all_reliable_words() -> None:
    second = page(blocks(3, 1)[0])

    assert texts(merged(PageLayout(4000, 6000, ()), second)) == prose(3)
