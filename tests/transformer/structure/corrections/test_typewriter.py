from __future__ import annotations

import random

import pytest

from kserve_ocr.protocol.layout import Line, PageLayout, Word, around
from tests.support.drawn_layouts import page, prose, texts
from transformer.structure.corrections.correct import corrected
from transformer.structure.corrections.typewriter import character_width

WIDTH = 30


def typed(text: str, y: int, *, x: int = 300, confidence: float = 0.9, spacing: int = 1) -> Line:
    """A line as a typewriter writes it, with ``spacing`` places for each letter."""
    words: list[Word] = []
    for word in text.split():
        places = (len(word) - 1) * spacing + 1
        words.append(Word(word, (x + 3, y, x + places * WIDTH - 3, y + 34), confidence))
        x += (places + spacing) * WIDTH
    return line(words)


def written(*words: tuple[str, int, int], y: int, confidence: float) -> Line:
    """A line of words, each with its left and right edge."""
    return line([Word(text, (left, y, right, y + 60), confidence) for text, left, right in words])


def line(words: list[Word]) -> Line:
    box = around(word.bbox for word in words)
    return Line(box, tuple(words), (float(box[0]), float(box[3]), float(box[2]), float(box[3])), 46.0)


def letter(lines: int = 8) -> list[Line]:
    return [typed(text, 100 + 60 * number) for number, text in enumerate(prose(lines))]


def proportional(lines: int) -> list[Line]:
    """Lines of print, whose letters and spaces have any width."""
    chance = random.Random(1)
    found: list[Line] = []
    for number, text in enumerate(prose(lines)):
        words: list[Word] = []
        x = 300
        for word in text.split():
            end = x + sum(chance.randint(9, 36) for _ in word)
            words.append(Word(word, (x, 100 + 60 * number, end, 134 + 60 * number), 0.9))
            x = end + chance.randint(9, 14)
        found.append(line(words))
    return found


def read(*more: Line, body: list[Line] | None = None) -> list[str]:
    """What is read of the lines below a letter."""
    above = letter() if body is None else body
    return texts(corrected(page([*above, *more])))[len(above) :]


def test_characters_of_a_typewriter_have_one_width() -> None:
    width = character_width(page(letter()))

    assert width is not None
    assert abs(width - WIDTH) < 1


def test_print_and_short_pages_have_none() -> None:
    assert character_width(page(proportional(8))) is None
    assert character_width(page(letter(2))) is None
    assert character_width(PageLayout(10, 10, ())) is None


HANDWRITING = written(("Za", 300, 430), ("Aokumentacni", 520, 1250), ("akci", 1300, 1420), y=1200, confidence=0.6)


def test_handwriting_below_a_typed_letter_is_left_out() -> None:
    assert read(HANDWRITING) == []


def test_strokes_and_specks_far_apart_are_left_out() -> None:
    assert read(written(("\\", 300, 310), ("N", 700, 730), ("|", 1200, 1210), y=1200, confidence=0.67)) == []
    assert read(written(("'", 800, 808), y=1200, confidence=0.65)) == []


def test_a_doubted_row_of_a_table_stays() -> None:
    row = written(("12", 303, 357), ("7", 903, 927), ("45", 1503, 1557), y=1200, confidence=0.6)

    assert read(row) == ["12 7 45"]


def test_what_is_recognized_well_stays_whatever_its_width() -> None:
    letterhead = written(("THEATRE", 300, 820), ("DE", 900, 1050), y=20, confidence=0.72)

    assert read(letterhead) == ["THEATRE DE"]


@pytest.mark.parametrize("spacing", [1, 2, 3])
def test_typed_lines_stay_however_poorly_they_are_recognized(spacing: int) -> None:
    assert read(typed("TOUJOURS PLUS VERS", 1200, confidence=0.5, spacing=spacing)) == ["TOUJOURS PLUS VERS"]


def test_handwriting_stays_where_nothing_is_typed() -> None:
    assert read(HANDWRITING, body=proportional(8)) == ["Za Aokumentacni akci"]


@pytest.mark.parametrize(("sign", "wanted"), [("self=made", "self-made"), ("admin=", "admin-"), ("every~", "every-")])
def test_a_worn_hyphen_is_one(sign: str, wanted: str) -> None:
    assert read(typed(f"of a {sign}", 1200)) == [f"of a {wanted}"]
    assert texts(corrected(page([*proportional(8), typed(f"of a {sign}", 1200)])))[-1] == f"of a {sign}"


@pytest.mark.parametrize("sign", ["a=1", "=", "~10", "x = y"])
def test_other_equal_signs_stay(sign: str) -> None:
    assert read(typed(f"with {sign} here", 1200)) == [f"with {sign} here"]
