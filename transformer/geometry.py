"""Where a pixel of the page as sent went on the page as read, and the way back for boxes and baselines.

Coordinates are continuous: pixel ``i`` covers ``[i, i + 1)``, so scaling by ``s`` is exactly ``x → s·x`` and
a box ``(x0, y0, x1, y1)`` with exclusive ends is a rectangle with those corners. Points are float64 arrays
``(n, 2)`` of x and y. Nothing here looks at pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word, around

Floats = NDArray[np.float64]
Point = tuple[float, float]
Size = tuple[int, int]
"""Width and height, pixels."""


@dataclass(frozen=True)
class Affine:
    """``x' = a·x + b·y + c``, ``y' = d·x + e·y + f``, row by row."""

    matrix: tuple[float, float, float, float, float, float]

    def forward(self, points: Floats) -> Floats:
        rows = np.array(self.matrix).reshape(2, 3)
        return np.asarray(points @ rows[:, :2].T + rows[:, 2])

    def back(self, points: Floats) -> Floats:
        rows = np.array(self.matrix).reshape(2, 3)
        return np.asarray(np.linalg.solve(rows[:, :2], (points - rows[:, 2]).T).T)

    def then(self, other: Affine) -> Affine:
        a, b, c, d, e, f = other.matrix
        g, h, i, j, k, m = self.matrix
        product = (a * g + b * j, a * h + b * k, a * i + b * m + c)
        return Affine((*product, d * g + e * j, d * h + e * k, d * i + e * m + f))


@dataclass(frozen=True)
class Bend:
    """Every column pushed up or down so that curved lines of text become level.

    The lines' slope is a polynomial ``Σ slopes[i][j]·u^i·v^j`` of the position, u and v running from -1 to 1 over
    the page; beyond ``bounds`` it stays what it is there, for a polynomial says nothing outside its samples. A
    point moves by minus the slope's integral along its row, counted from the middle of the page.
    """

    size: Size
    slopes: tuple[tuple[float, ...], ...]
    bounds: tuple[float, float, float, float]
    """Least and greatest u, least and greatest v that text was seen at."""
    top: float = 0.0
    """Pixels added above, so that nothing moves off the page."""

    def shift(self, x: Floats, y: Floats) -> Floats:
        """Pixels by which points ``(x, y)`` of the page as sent move down."""
        half = self.size[0] / 2
        u = x / half - 1
        low_u, high_u, low_v, high_v = self.bounds
        inside = np.clip(u, low_u, high_u)
        v = np.clip(2 * y / self.size[1] - 1, low_v, high_v)
        slope, integral = np.zeros_like(u + v), np.zeros_like(u + v)
        for i, row in enumerate(self.slopes):
            along_v = np.polynomial.polynomial.polyval(v, row)
            slope += along_v * inside**i
            integral += along_v * inside ** (i + 1) / (i + 1)
        return np.asarray(self.top - half * (integral + slope * (u - inside)))

    def forward(self, points: Floats) -> Floats:
        x, y = points.T
        return np.stack([x, y + self.shift(x, y)], axis=1)

    def back(self, points: Floats) -> Floats:
        """The inverse by fixed-point iteration: a bend is only made where its shift varies slowly with y."""
        x, target = points.T
        y = target
        for _ in range(40):
            previous, y = y, target - self.shift(x, y)
            if np.allclose(previous, y, rtol=0, atol=0.01):
                break
        return np.stack([x, y], axis=1)


@dataclass(frozen=True)
class Geometry:
    """The maps that lead from the page as sent to the page as read, in order."""

    sent: Size
    read: Size
    maps: tuple[Affine | Bend, ...] = ()

    @classmethod
    def identity(cls, width: int, height: int) -> Self:
        """The page is read as it was sent."""
        return cls((width, height), (width, height))

    @classmethod
    def scaled(cls, sent: Size, read: Size) -> Self:
        """The page resized to ``read``; both axes keep their own factor, since sizes are whole pixels."""
        return cls(sent, read, (Affine((read[0] / sent[0], 0.0, 0.0, 0.0, read[1] / sent[1], 0.0)),))

    @classmethod
    def turned(cls, sent: Size, quarters: int) -> Self:
        """The page turned counterclockwise by so many quarters, as :func:`numpy.rot90` turns it."""
        width, height = sent
        match quarters % 4:
            case 1:
                return cls(sent, (height, width), (Affine((0.0, 1.0, 0.0, -1.0, 0.0, float(width))),))
            case 2:
                return cls(sent, sent, (Affine((-1.0, 0.0, float(width), 0.0, -1.0, float(height))),))
            case 3:
                return cls(sent, (height, width), (Affine((0.0, -1.0, float(height), 1.0, 0.0, 0.0)),))
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
        return cls(sent, read, (Affine((cos, sin, c, -sin, cos, f)),))

    @classmethod
    def bent(cls, bend: Bend) -> Self:
        """The page with its lines made level, on a canvas high enough for every column."""
        width, height = bend.size
        across = np.linspace(0, width, 65)
        above = float(np.min(bend.shift(across, np.zeros(65))))
        below = float(np.max(bend.shift(across, np.full(65, float(height)))))
        top, bottom = math.ceil(max(0.0, -above)), math.ceil(max(0.0, below))
        return cls(bend.size, (width, height + top + bottom), (replace(bend, top=bend.top + top),))

    def then(self, other: Geometry) -> Geometry:
        """This map followed by ``other``. Raises ValueError when ``other`` starts from another page size."""
        if self.read != other.sent:
            raise ValueError(f"a step on a page of {other.sent} cannot follow one that leaves {self.read}")
        return Geometry(self.sent, other.read, self.maps + other.maps)

    def forward(self, points: ArrayLike) -> Floats:
        """The places of points of the page as sent, on the page as read."""
        mapped = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        for step in self.maps:
            mapped = step.forward(mapped)
        return mapped

    def back(self, points: ArrayLike) -> Floats:
        """The places of points of the page as read, on the page as sent."""
        mapped = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        for step in reversed(self.maps):
            mapped = step.back(mapped)
        return mapped

    def to_original(self, layout: PageLayout) -> PageLayout:
        """The layout of the page as read, in pixels of the page as sent.

        A word's box is the hull of its mapped corners. Boxes of lines, paragraphs and blocks are the hulls of
        what they hold: on a tilted page that fits the text, where the hull of their own corners would run
        into their neighbours. Everything is clipped to the page. Confidences and text stay as they are.
        """
        return _mapped_back(layout, self) if self.maps else layout

    def to_sent(self, point: Point) -> Point:
        """The place of one point of the page as read, on the page as sent."""
        ((x, y),) = self.back([point])
        return float(x), float(y)


def _mapped_back(layout: PageLayout, geometry: Geometry) -> PageLayout:
    lines = list(layout.iter_lines())
    # Everything is mapped at once, then handed out in the same order: a page has thousands of words.
    words = _boxes_back([word.bbox for word in layout.iter_words()], geometry)
    rows = _rows_back(lines, geometry)

    def hull(box: Box, parts: Sequence[Word] | Sequence[Line] | Sequence[Paragraph]) -> Box:
        return around(part.bbox for part in parts) if parts else next(_boxes_back([box], geometry))

    def line(source: Line) -> Line:
        moved = tuple(replace(word, bbox=next(words)) for word in source.words)
        baseline, height = next(rows)
        return Line(bbox=hull(source.bbox, moved), words=moved, baseline=baseline, height=height)

    def paragraph(source: Paragraph) -> Paragraph:
        moved = tuple(line(part) for part in source.lines)
        return Paragraph(bbox=hull(source.bbox, moved), lines=moved)

    def block(source: Block) -> Block:
        moved = tuple(paragraph(part) for part in source.paragraphs)
        return Block(bbox=hull(source.bbox, moved), paragraphs=moved)

    width, height = geometry.sent
    return PageLayout(width=width, height=height, blocks=tuple(block(part) for part in layout.blocks))


def _boxes_back(boxes: Sequence[Box], geometry: Geometry) -> Iterator[Box]:
    """The hulls of the boxes' mapped corners, in whole pixels, inside the page and never empty."""
    edges = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    corners = geometry.back(edges[:, [0, 1, 2, 1, 2, 3, 0, 3]]).reshape(-1, 4, 2)
    size = np.array(geometry.sent)
    low = np.clip(np.rint(corners.min(axis=1)), 0, size - 1)
    high = np.maximum(np.clip(np.rint(corners.max(axis=1)), 0, size), low + 1)
    return ((x0, y0, x1, y1) for x0, y0, x1, y1 in np.concatenate([low, high], axis=1).astype(int).tolist())


def _rows_back(lines: Sequence[Line], geometry: Geometry) -> Iterator[tuple[tuple[float, float, float, float], float]]:
    """Baselines and row heights; a height follows what a step across the row, at its middle, became."""
    ends = np.array([line.baseline for line in lines], dtype=np.float64).reshape(-1, 2, 2)
    heights = np.array([line.height for line in lines], dtype=np.float64)
    feet = ends.mean(axis=1)
    heads = feet - np.stack([np.zeros_like(heights), heights], axis=1)
    steps = geometry.back(heads) - geometry.back(feet)
    baselines = np.clip(geometry.back(ends), 0.0, np.array(geometry.sent, dtype=np.float64)).reshape(-1, 4)
    return (
        ((x0, y0, x1, y1), height)
        for (x0, y0, x1, y1), height in zip(baselines.tolist(), np.hypot(*steps.T).tolist(), strict=True)
    )
