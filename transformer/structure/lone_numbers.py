"""Numbers of pages and columns that a recognition left out: an image that shows only them, and its words added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word, around

Pixels = NDArray[np.uint8]
Boxes = NDArray[np.float64]
"""``(n, 8)``: the box of the digits of each number, and the box with dashes, in pixels of the page."""

_PAPER: Final = 3
"""Pixels of the page around digits that are shown with them."""
_GAP: Final = 3
"""Heights of a digit between two numbers; a third of that is around them all."""
_SURE: Final = 0.85
_SURE_WITH_DASHES: Final = 0.65
"""Confidence of a number that is added, and of one between dashes."""
_LINE: Final = 1.35
"""Height of a line, from descenders to ascenders, in heights of its digits."""
_DASH: Final = "-"


def left_out(layout: PageLayout, numbers: Boxes) -> Boxes:
    """The numbers that stand above the first line or below the last one; none on a page without lines."""
    lines = [line.bbox for line in layout.iter_lines()]
    if not lines:
        return numbers[:0]
    _, top, _, bottom = around(lines)
    kept: Boxes = numbers[(numbers[:, 7] <= top) | (numbers[:, 5] >= bottom)]
    return kept


def image(pixels: Pixels, numbers: Boxes) -> Pixels:
    """The digits of one or more numbers in one row, ``(h, w)``, cut out of the page's ``pixels``."""
    pieces = [_cut(pixels, number) for number in numbers]
    height = max(piece.shape[0] for piece in pieces)
    places = _places(pieces)
    row = np.full((height + 2 * height, places[-1] + pieces[-1].shape[1] + _GAP * height), 255, np.uint8)
    for piece, left in zip(pieces, places, strict=True):
        row[2 * height - piece.shape[0] : 2 * height, left : left + piece.shape[1]] = piece
    return row


def added(layout: PageLayout, pixels: Pixels, numbers: Boxes, recognized: PageLayout) -> PageLayout:
    """The ordered page with the numbers of which digits were ``recognized`` in their :func:`image`.

    They come first or last, as they stand above or below the text. The page as it is if there are none.
    """
    pieces = [_cut(pixels, number) for number in numbers]
    words = list(recognized.iter_words())
    found: list[Word] = []
    for number, piece, left in zip(numbers, pieces, _places(pieces), strict=True):
        inside = [word for word in words if left <= (word.bbox[0] + word.bbox[2]) / 2 < left + piece.shape[1]]
        found += _word(number, inside)
    if not found:
        return layout
    _, top, _, _ = around(line.bbox for line in layout.iter_lines())
    above, below = ([word for word in found if (word.bbox[1] < top) == is_above] for is_above in (True, False))
    return PageLayout(layout.width, layout.height, (*_blocks(above), *layout.blocks, *_blocks(below)))


def _cut(pixels: Pixels, number: NDArray[np.float64]) -> Pixels:
    x0, y0, x1, y1 = number[:4].astype(int)
    return pixels[max(0, y0 - _PAPER) : y1 + _PAPER, max(0, x0 - _PAPER) : x1 + _PAPER]


def _places(pieces: Sequence[Pixels]) -> list[int]:
    """Left edges of the pieces in their row."""
    gap = _GAP * max(piece.shape[0] for piece in pieces)
    places: list[int] = []
    left = gap // 2
    for piece in pieces:
        places.append(left)
        left += piece.shape[1] + gap
    return places


def _word(number: NDArray[np.float64], words: Sequence[Word]) -> list[Word]:
    """The number with its dashes, if nothing but digits were recognized, and surely enough."""
    text = "".join(word.text for word in words)
    if not text.isdecimal():
        return []
    sure = min(word.confidence for word in words)
    left, _, right, _, outer_left, y0, outer_right, y1 = number
    before, after = _DASH * bool(outer_left < left), _DASH * bool(outer_right > right)
    if sure < (_SURE_WITH_DASHES if before and after else _SURE):
        return []
    return [Word(before + text + after, (int(outer_left), int(y0), int(outer_right), int(y1)), sure)]


def _blocks(words: list[Word]) -> list[Block]:
    """Each row of numbers as a block of one line, from top to bottom."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.bbox[1]):
        if rows and word.bbox[1] < rows[-1][0].bbox[3]:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [_block(sorted(row, key=lambda word: word.bbox[0])) for row in rows]


def _block(words: Sequence[Word]) -> Block:
    box: Box = around(word.bbox for word in words)
    x0, y0, x1, y1 = box
    line = Line(box, tuple(words), (float(x0), float(y1), float(x1), float(y1)), _LINE * (y1 - y0))
    return Block(box, (Paragraph(box, (line,)),))
