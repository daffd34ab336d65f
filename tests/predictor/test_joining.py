from __future__ import annotations

import numpy as np
import pytest

from predictor.engines import Reading
from predictor.engines.joining import Part, Share, join
from protocol.layout import Block, Line, Paragraph, Word

BLANK = np.full((1200, 1000), 255, np.uint8)


def part(block: int, text: str, *, continues: bool = False, ends: bool = False) -> Part:
    return Part(block, text, (1.0, 0.5), (), continues, ends)


def test_blocks_are_joined_in_reading_order() -> None:
    shares = [(part(0, "a\n\n"), part(2, "c\n\n", ends=True)), (part(1, "b\n\n", ends=True),)]
    assert join(shares, BLANK, layout=False) == Reading("a\n\nb\n\nc\n", 0.75, None)


def test_what_follows_the_text_keeps_its_blank_line() -> None:
    assert join([(part(0, "a\n\n"),), ()], BLANK, layout=False) == Reading("a\n\n", 0.75, None)


def test_parts_of_a_block_become_one_paragraph() -> None:
    def line(y: int, x: int) -> Line:
        return Line((x, y, 90, y + 10), (Word("word", (x, y, 90, y + 10), 1.0),), (x, y + 9, 90, y + 9), 10.0)

    upper, lower = ((line(10, 5), line(30, 8)), (line(50, 2),))
    parts: list[Part] = []
    for rows, box in ((upper, (5, 10, 90, 40)), (lower, (2, 50, 90, 60))):
        block = Block(box, (Paragraph(box, rows),))
        parts.append(Part(0, "word\n" * len(rows) + "\n", (1.0,) * len(rows), (block,), bool(parts), ends=True))
    reading = join([(found,) for found in parts], BLANK, layout=True)
    assert reading is not None
    assert reading.text == "word\n" * 3
    assert reading.layout is not None
    whole = (2, 10, 90, 60)
    assert reading.layout.blocks == (Block(whole, (Paragraph(whole, upper + lower),)),)


@pytest.mark.parametrize(
    "shares",
    [
        [(part(0, "a\n\n"),), None],
        [(part(0, "a\n\n"),), (part(0, "a\n\n"),)],
        [(part(0, "a\n\nb\n\n"),), (part(0, "c\n\n", continues=True),)],
        [(part(0, "a\n\n"),), (part(1, "b\n\n", continues=True),)],
    ],
    ids=["one is missing", "twice the same", "several paragraphs", "no beginning"],
)
def test_shares_that_do_not_fit_together_are_refused(shares: list[Share | None]) -> None:
    assert join(shares, BLANK, layout=False) is None
