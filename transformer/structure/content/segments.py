"""Segments: runs of words of an ordered line without a wide gap, the raw material of tables and fields.

Everything here is told by positions of lines and words in the page's reading order, not by boxes: so it still holds
when the boxes are mapped back to the original page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from kserve_ocr.protocol.layout import Box, Line, PageLayout, Word, around

GAP_HEIGHTS = 1.0
"""A gap of this many word heights parts segments, if it also is ..."""
GAP_SPACES = 1.8
"""... this many word spaces wide."""


_AMOUNT = re.compile(r"[^\w\s]{0,2}\s*[-+(]?\d[\d.,' ]*\)?\s*(?:%|[^\W\d_]{1,3}|[^\w\s])?")


def is_amount(text: str) -> bool:
    """Whether the text is a number, perhaps with a currency, a unit or a percent sign."""
    return _AMOUNT.fullmatch(text) is not None


class Span(Struct, frozen=True):
    """Words ``start`` to ``end`` (exclusive) of line ``line`` of a page, lines counted in reading order."""

    line: int
    start: int
    end: int


class Segment(Struct, frozen=True):
    """Words side by side, with their edges in pixels of the recognized page."""

    span: Span
    text: str
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


def words_of(lines: Sequence[Line], spans: Sequence[Span]) -> list[Word]:
    """The words that the spans name."""
    return [word for span in spans for word in lines[span.line].words[span.start : span.end]]


def text_of(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def box_of(words: Sequence[Word]) -> Box:
    return around(word.bbox for word in words)


class SegmentedPage(Struct, frozen=True):
    """The segments of each line, in reading order, and the usual height of words."""

    lines: list[list[Segment]]
    height: float


def segmented(layout: PageLayout) -> SegmentedPage:
    """The lines of a page in reading order, parted at wide gaps."""
    lines = list(layout.iter_lines())
    heights = [word.bbox[3] - word.bbox[1] for line in lines for word in line.words]
    height = float(median(heights)) if heights else 1.0
    gaps = [gap for line in lines for gap in _gaps(line) if 0 < gap < GAP_HEIGHTS * height]
    space = float(median(gaps)) if gaps else 0.4 * height
    widest = max(GAP_HEIGHTS * height, GAP_SPACES * space)
    return SegmentedPage([_segments(line, number, widest) for number, line in enumerate(lines)], height)


def _gaps(line: Line) -> list[int]:
    """Gaps between neighboring words, in whichever direction the line runs."""
    return [
        max(second.bbox[0] - first.bbox[2], first.bbox[0] - second.bbox[2])
        for first, second in zip(line.words, line.words[1:], strict=False)
    ]


def _segments(line: Line, number: int, widest: float) -> list[Segment]:
    cuts = [index + 1 for index, gap in enumerate(_gaps(line)) if gap > widest]
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(line.words)], strict=True):
        words = line.words[start:end]
        x0, y0, x1, y1 = box_of(words)
        found.append(Segment(Span(number, start, end), text_of(words), x0, y0, x1, y1))
    return found
