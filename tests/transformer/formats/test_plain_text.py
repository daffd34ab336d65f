from __future__ import annotations

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around
from transformer.formats.plain_text import TextForm, joined, on_grid

CHARACTER = 10
HEIGHT = 20


def line(y: int, *words: tuple[int, str]) -> Line:
    """Words of ten pixels a character, each starting at a column."""
    placed = tuple(
        Word(text, (column * CHARACTER, y, (column + len(text)) * CHARACTER, y + HEIGHT), 0.9) for column, text in words
    )
    box = around(word.bbox for word in placed)
    return Line(box, placed, (box[0], box[3], box[2], box[3]), float(HEIGHT))


def page(*columns: tuple[Line, ...]) -> PageLayout:
    blocks = (
        Block(around(one.bbox for one in lines), (Paragraph(around(one.bbox for one in lines), lines),))
        for lines in columns
    )
    return PageLayout(1000, 1000, tuple(blocks))


def test_columns_keep_their_distance() -> None:
    left = (line(0, (2, "Item")), line(30, (2, "Apples")))
    right = (line(2, (20, "Price")), line(32, (21, "3.50")))

    assert on_grid(page(left, right)) == "Item              Price\nApples             3.50\n"


def test_words_never_touch_and_gaps_between_rows_are_kept() -> None:
    rows = (line(0, (0, "aaaa"), (4, "bb")), line(90, (0, "cc")))

    assert on_grid(page(rows)) == "aaaa bb\n\ncc\n"


def test_a_page_without_words() -> None:
    assert on_grid(PageLayout(10, 10, ())) == ""


def test_divided_words_are_joined() -> None:
    assert joined("a docu-\nment of\n") == "a document\nof\n"
    assert joined("a docu-\n\nment of\n") == "a document\nof\n"
    assert joined("Anna-\nMaria, 10-\n20, - \nno\n") == "Anna-\nMaria, 10-\n20, - \nno\n"


def test_the_usual_form_changes_nothing() -> None:
    assert TextForm().is_usual
    assert TextForm(join_hyphens=True).apply("docu-\nment\n", page()) == "document\n\n"
