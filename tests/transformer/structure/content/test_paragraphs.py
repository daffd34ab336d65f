from __future__ import annotations

from itertools import pairwise

import pytest

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, around
from tests.support.drawn_layouts import Pen, block, page, prose, texts
from transformer.structure.content.paragraphs import join_paragraphs

PEN = Pen(20)
TEXT = prose(8, width=50)


def torn(lines: list[Line], *ends: int) -> PageLayout:
    """A page of one block whose paragraphs end before these lines."""
    edges = [0, *ends, len(lines)]
    parts = [lines[start:end] for start, end in pairwise(edges)]
    paragraphs = tuple(Paragraph(around(line.bbox for line in part), tuple(part)) for part in parts)
    return PageLayout(4000, 6000, (Block(around(line.bbox for line in lines), paragraphs),))


def paragraphs(layout: PageLayout) -> list[int]:
    """The number of lines of each paragraph."""
    return [len(paragraph.lines) for block in layout.blocks for paragraph in block.paragraphs]


def test_a_paragraph_torn_in_the_middle_is_joined() -> None:
    found = join_paragraphs(torn(PEN.lines(TEXT, 100, 100), 3, 5))

    assert paragraphs(found) == [8]
    assert texts(found) == TEXT


def test_a_block_that_begins_in_a_paragraph_joins_the_block_before_it() -> None:
    lines = PEN.lines(TEXT, 100, 100)
    after = PEN.lines(TEXT, 100, 600)

    found = join_paragraphs(PageLayout(4000, 6000, (block(lines[:3]), torn([*lines[3:], *after], 5).blocks[0])))

    assert paragraphs(found) == [8, 8]
    assert len(found.blocks) == 1
    assert found.blocks[0].bbox == around(line.bbox for line in [*lines, *after])


def test_lines_after_an_indented_first_line_belong_to_it() -> None:
    lines = [PEN.line(prose(1, width=46)[0], 140, 100), *PEN.lines(TEXT, 100, 130)]

    assert paragraphs(join_paragraphs(torn(lines, 1))) == [9]


def test_the_text_of_a_list_item_goes_on_below_its_text() -> None:
    first = PEN.line("1. " + TEXT[0], 100, 100)
    lines = [first, *PEN.lines(TEXT[1:], first.words[1].bbox[0], 130)]

    assert paragraphs(join_paragraphs(torn(lines, 1))) == [8]


def test_right_to_left_text_is_joined_from_the_right() -> None:
    text = ["שלום לכולם זהו טקסט בעברית לבדיקה", "הסכום לתשלום הוא לכל המאוחר היום", "בסוף החודש הזה יש תשלום של כולנו"]
    mirrored = [
        Line(
            (1000 - line.bbox[2], line.bbox[1], 1000 - line.bbox[0], line.bbox[3]),
            tuple(type(word)(word.text, _mirrored(word.bbox), 0.9) for word in line.words),
            (1000 - line.baseline[2], line.baseline[1], 1000 - line.baseline[0], line.baseline[3]),
            line.height,
        )
        for line in PEN.lines(text, 100, 100)
    ]

    assert paragraphs(join_paragraphs(torn(mirrored, 1, 2))) == [3]


def _mirrored(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return 1000 - box[2], box[1], 1000 - box[0], box[3]


@pytest.mark.parametrize(
    ("end", "start", "y"),
    [
        ("a short end", TEXT[3], 190),  # the next word would have fitted
        (TEXT[2], TEXT[3], 230),  # a wider gap
        (TEXT[2], "- " + TEXT[3], 190),  # a list item
    ],
    ids=["short", "gap", "item"],
)
def test_what_shows_a_new_paragraph_is_kept(end: str, start: str, y: int) -> None:
    lines = [*PEN.lines([TEXT[0], TEXT[1], end], 100, 100), *PEN.lines([start, *TEXT[4:]], 100, y)]

    layout = torn(lines, 3)

    assert join_paragraphs(layout) is layout


def test_an_indentation_and_another_size_begin_a_paragraph() -> None:
    first, rest = PEN.lines(TEXT[:3], 100, 100), PEN.lines(TEXT[4:], 100, 220)
    indented = torn([*first, PEN.line(TEXT[3], 140, 190), *rest], 3)
    larger = torn([*first, Pen(30).line(TEXT[3], 100, 190), *rest], 3, 4)

    assert join_paragraphs(indented) is indented
    assert join_paragraphs(larger) is larger


def test_columns_side_by_side_stay_apart() -> None:
    layout = page(PEN.lines(TEXT, 100, 100), PEN.lines(TEXT, 900, 100))

    assert join_paragraphs(layout) is layout


def test_a_page_without_words_stays_as_it_is() -> None:
    empty = PageLayout(10, 10, ())

    assert join_paragraphs(empty) is empty
