"""Paragraphs that the engine has torn are joined again.

The engine often ends a paragraph, or a block, in the middle of a sentence. How text is set tells where one goes on:
the last line is full (the next word would not have fitted), and the next line follows at the usual distance, in letters
of the same size, without an indentation or a list marker of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, around
from transformer.structure.content.outline import starts_item
from transformer.structure.order.phrases import is_right_to_left, is_vertical

_LEAST_LINES: Final = 3
"""Lines of a block from which the distance of its lines is known."""
_NEARBY: Final = 12
"""Lines before and after a gap that tell the distance of lines and the right margin."""
_LEAST_WORDS: Final = 3
"""Words of a full line."""
_SPACING: Final = 1.2
"""Distance of two lines of a paragraph, in usual distances."""
_SIZE: Final = 1.25
"""Ratio of the heights of two lines of a paragraph."""
_SPACE: Final = 0.3
"""Width of a space ..."""
_ALIGNED: Final = 0.6
"""... distance of two left edges that are aligned ..."""
_INDENTATION: Final = 4.0
"""... and the widest indentation of a first line, all in line heights."""


class _Placed(Struct, eq=False):
    """A line with its edges; those of right-to-left text are mirrored."""

    line: Line
    baseline: float
    left: float
    right: float
    first_width: float
    """Width of its first word."""
    text_left: float
    """Left edge of its second word, where the text of a list item begins."""


_Paragraphs = list[list[_Placed]]
"""The paragraphs of a block, each a list of its lines."""


def join_paragraphs(layout: PageLayout) -> PageLayout:
    """The page with each paragraph whole; the same object if none was torn or the text is vertical.

    A block that begins in the middle of a paragraph becomes part of the block before it.
    """
    words = list(layout.iter_words())
    if not words or is_vertical(words):
        return layout
    mirrored = is_right_to_left(words)
    blocks: list[_Paragraphs] = []
    before: list[_Placed] = []
    for block in layout.blocks:
        lines = [_placed(line, mirrored=mirrored) for paragraph in block.paragraphs for line in paragraph.lines]
        position = 0
        for number, paragraph in enumerate(block.paragraphs):
            after = lines[position : position + len(paragraph.lines)]
            if blocks and _goes_on(blocks[-1][-1], after[0], before[-_NEARBY:] + lines[position : position + _NEARBY]):
                blocks[-1][-1] += after
            elif number:
                blocks[-1].append(after)
            else:
                blocks.append([after])
                before = []
            before += after
            position += len(after)
    return _page(layout, blocks)


def _page(layout: PageLayout, blocks: Sequence[_Paragraphs]) -> PageLayout:
    """The page with these blocks; the same object if they are its own."""
    if sum(map(len, blocks)) == sum(len(block.paragraphs) for block in layout.blocks):
        return layout
    return replace(layout, blocks=tuple(_block(paragraphs) for paragraphs in blocks))


def _block(paragraphs: _Paragraphs) -> Block:
    parts = tuple(
        Paragraph(around(line.line.bbox for line in paragraph), tuple(line.line for line in paragraph))
        for paragraph in paragraphs
    )
    return Block(around(part.bbox for part in parts), parts)


def _goes_on(paragraph: Sequence[_Placed], after: _Placed, nearby: Sequence[_Placed]) -> bool:
    """Whether a line continues a paragraph; ``nearby`` are lines around the two, among them both."""
    before = paragraph[-1]
    if len(nearby) < _LEAST_LINES or len(before.line.words) < _LEAST_WORDS or starts_item(after.line):
        return False
    usual = median_low([abs(second.baseline - first.baseline) for first, second in pairwise(nearby)])
    heights = before.line.height, after.line.height
    if not 0 < after.baseline - before.baseline <= _SPACING * usual or max(heights) > _SIZE * min(heights):
        return False
    needed = before.right + _SPACE * before.line.height + after.first_width
    return needed > max(line.right for line in nearby) and _is_aligned(before, after, is_first=len(paragraph) == 1)


def _is_aligned(before: _Placed, after: _Placed, *, is_first: bool) -> bool:
    """Whether a line begins where the line before it, the first of its paragraph or not, lets the paragraph go on."""
    height = before.line.height
    if abs(after.left - before.left) <= _ALIGNED * height:
        return True
    if starts_item(before.line):
        return abs(after.left - before.text_left) <= _ALIGNED * height
    return is_first and 0 < before.left - after.left <= _INDENTATION * height


def _placed(line: Line, *, mirrored: bool) -> _Placed:
    edges = [(-word.bbox[2], -word.bbox[0]) if mirrored else (word.bbox[0], word.bbox[2]) for word in line.words]
    edges.sort()
    return _Placed(
        line,
        baseline=(line.baseline[1] + line.baseline[3]) / 2,
        left=edges[0][0],
        right=max(right for _, right in edges),
        first_width=edges[0][1] - edges[0][0],
        text_left=edges[min(1, len(edges) - 1)][0],
    )
