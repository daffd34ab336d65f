"""Where a pixel of the page as sent went on the page as read, and the way back for boxes and baselines.

Coordinates are continuous: pixel ``i`` covers ``[i, i + 1)``, so scaling by ``s`` is exactly ``x → s·x`` and
a box ``(x0, y0, x1, y1)`` with exclusive ends is a rectangle with those corners.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word

Matrix = tuple[float, float, float, float, float, float]
"""The upper two rows of an affine map, row by row: ``x' = a·x + b·y + c``, ``y' = d·x + e·y + f``."""

Point = tuple[float, float]
Size = tuple[int, int]
"""Width and height, pixels."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Geometry:
    """An affine map from the page as sent to the page as read."""

    sent: Size
    read: Size
    matrix: Matrix

    @classmethod
    def identity(cls, width: int, height: int) -> Self:
        """The page is read as it was sent."""
        return cls((width, height), (width, height), IDENTITY)

    @classmethod
    def scaled(cls, sent: Size, read: Size) -> Self:
        """The page resized to ``read``; both axes keep their own factor, since sizes are whole pixels."""
        return cls(sent, read, (read[0] / sent[0], 0.0, 0.0, 0.0, read[1] / sent[1], 0.0))

    @classmethod
    def cropped(cls, sent: Size, box: Box) -> Self:
        """The part of the page inside ``box``; a box that reaches over an edge pads the page there."""
        x0, y0, x1, y1 = box
        return cls(sent, (x1 - x0, y1 - y0), (1.0, 0.0, -float(x0), 0.0, 1.0, -float(y0)))

    @classmethod
    def turned(cls, sent: Size, quarters: int) -> Self:
        """The page turned counterclockwise by so many quarters, as :func:`numpy.rot90` turns it."""
        width, height = sent
        match quarters % 4:
            case 1:
                return cls(sent, (height, width), (0.0, 1.0, 0.0, -1.0, 0.0, float(width)))
            case 2:
                return cls(sent, sent, (-1.0, 0.0, float(width), 0.0, -1.0, float(height)))
            case 3:
                return cls(sent, (height, width), (0.0, -1.0, float(height), 1.0, 0.0, 0.0))
            case _:
                return cls.identity(width, height)

    @classmethod
    def rotated(cls, sent: Size, degrees: float) -> Self:
        """The page rotated counterclockwise about its middle, on a canvas large enough for every corner."""
        width, height = sent
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        # A hair is taken off before rounding up, so that 0° and 90° keep whole sizes.
        read = (
            math.ceil(abs(width * cos) + abs(height * sin) - 1e-6),
            math.ceil(abs(width * sin) + abs(height * cos) - 1e-6),
        )
        c = read[0] / 2 - (cos * width / 2 + sin * height / 2)
        f = read[1] / 2 - (-sin * width / 2 + cos * height / 2)
        return cls(sent, read, (cos, sin, c, -sin, cos, f))

    def then(self, other: Geometry) -> Geometry:
        """This map followed by ``other``. Raises ValueError when ``other`` starts from another page size."""
        if self.read != other.sent:
            raise ValueError(f"a step on a page of {other.sent} cannot follow one that leaves {self.read}")
        return Geometry(self.sent, other.read, _multiply(other.matrix, self.matrix))

    def to_read(self, point: Point) -> Point:
        """The place of a point of the page as sent, on the page as read."""
        return _apply(self.matrix, point)

    def to_sent(self, point: Point) -> Point:
        """The place of a point of the page as read, on the page as sent."""
        return _apply(_invert(self.matrix), point)

    def to_original(self, layout: PageLayout) -> PageLayout:
        """The layout of the page as read, in pixels of the page as sent.

        A word's box is the hull of its mapped corners. Boxes of lines, paragraphs and blocks are the hulls of
        what they hold: on a tilted page that fits the text, where the hull of their own corners would run
        into their neighbours. Everything is clipped to the page. Confidences and text stay as they are.
        """
        if self.sent == self.read and self.matrix == IDENTITY:
            return layout
        return _BackMap(_invert(self.matrix), self.sent).page(layout)


@dataclass(frozen=True, slots=True)
class _BackMap:
    """The inverse map and the page that it leads to."""

    matrix: Matrix
    size: Size

    def page(self, layout: PageLayout) -> PageLayout:
        blocks = tuple(self.block(block) for block in layout.blocks)
        return PageLayout(width=self.size[0], height=self.size[1], blocks=blocks)

    def block(self, block: Block) -> Block:
        paragraphs = tuple(self.paragraph(paragraph) for paragraph in block.paragraphs)
        return Block(bbox=self.hull(block.bbox, paragraphs), paragraphs=paragraphs)

    def paragraph(self, paragraph: Paragraph) -> Paragraph:
        lines = tuple(self.line(line) for line in paragraph.lines)
        return Paragraph(bbox=self.hull(paragraph.bbox, lines), lines=lines)

    def line(self, line: Line) -> Line:
        words = tuple(replace(word, bbox=self.box(word.bbox)) for word in line.words)
        x0, y0, x1, y1 = line.baseline
        start, end = (self.clip(_apply(self.matrix, point)) for point in ((x0, y0), (x1, y1)))
        # Row height is measured across the text, so it follows what a vertical step of the read page became.
        stretch = math.hypot(self.matrix[1], self.matrix[4])
        return Line(
            bbox=self.hull(line.bbox, words),
            words=words,
            baseline=(*start, *end),
            height=line.height * stretch,
        )

    def hull(self, box: Box, parts: Sequence[Word] | Sequence[Line] | Sequence[Paragraph]) -> Box:
        """The box around the mapped parts; around the mapped box itself when there are none."""
        return _around(part.bbox for part in parts) if parts else self.box(box)

    def box(self, box: Box) -> Box:
        x0, y0, x1, y1 = box
        corners = [_apply(self.matrix, corner) for corner in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
        left, right = _clipped_span([x for x, _ in corners], self.size[0])
        top, bottom = _clipped_span([y for _, y in corners], self.size[1])
        return left, top, right, bottom

    def clip(self, point: Point) -> Point:
        return min(max(point[0], 0.0), float(self.size[0])), min(max(point[1], 0.0), float(self.size[1]))


def _clipped_span(values: Sequence[float], size: int) -> tuple[int, int]:
    """The whole pixels nearest to the values' span, inside ``[0, size]`` and never empty."""
    low = min(max(round(min(values)), 0), size - 1)
    return low, max(min(round(max(values)), size), low + 1)


def _around(boxes: Iterable[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _apply(matrix: Matrix, point: Point) -> Point:
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + b * y + c, d * x + e * y + f


def _multiply(second: Matrix, first: Matrix) -> Matrix:
    """The map that does ``first``, then ``second``."""
    a, b, c, d, e, f = second
    g, h, i, j, k, m = first
    return (a * g + b * j, a * h + b * k, a * i + b * m + c, d * g + e * j, d * h + e * k, d * i + e * m + f)


def _invert(matrix: Matrix) -> Matrix:
    a, b, c, d, e, f = matrix
    det = a * e - b * d
    return (e / det, -b / det, (b * f - c * e) / det, -d / det, a / det, (c * d - a * f) / det)
