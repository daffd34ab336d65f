"""Coordinate transforms from the original page to the preprocessed page, and back for boxes and baselines.

Coordinates are continuous: pixel ``i`` covers ``[i, i + 1)``, so scaling by ``s`` is exactly ``x → s·x`` and
a box ``(x0, y0, x1, y1)`` with exclusive ends is a rectangle with those corners. Points are float64 arrays
``(n, 2)`` of x and y. Nothing here looks at pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Self

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import ArrayLike, NDArray

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word, around

Floats = NDArray[np.float64]
Size = tuple[int, int]
"""Width and height, pixels."""


class Affine(msgspec.Struct, frozen=True, tag=True):  # tagged, as it crosses from a worker as one of two classes
    """``x' = a·x + b·y + c``, ``y' = d·x + e·y + f``, row by row."""

    matrix: tuple[float, float, float, float, float, float]

    def forward(self, points: Floats) -> Floats:
        rows = np.array(self.matrix).reshape(2, 3)
        return np.asarray(points @ rows[:, :2].T + rows[:, 2])

    def inverse(self, points: Floats) -> Floats:
        rows = np.array(self.matrix).reshape(2, 3)
        return np.asarray(np.linalg.solve(rows[:, :2], (points - rows[:, 2]).T).T)

    def then(self, other: Affine) -> Affine:
        a, b, c, d, e, f = other.matrix
        g, h, i, j, k, m = self.matrix
        product = (a * g + b * j, a * h + b * k, a * i + b * m + c)
        return Affine((*product, d * g + e * j, d * h + e * k, d * i + e * m + f))


class Dewarp(msgspec.Struct, frozen=True, tag=True):
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
        """Pixels by which points ``(x, y)`` of the original page move down."""
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

    def inverse(self, points: Floats) -> Floats:
        """The inverse by fixed-point iteration; converges because the shift varies slowly with y."""
        x, target = points.T
        y = target
        for _ in range(40):
            previous, y = y, target - self.shift(x, y)
            if np.allclose(previous, y, rtol=0, atol=0.01):
                break
        return np.stack([x, y], axis=1)


class Geometry(Struct, frozen=True):
    """The transforms that lead from the original page to the preprocessed page, in order."""

    original: Size
    preprocessed: Size
    maps: tuple[Affine | Dewarp, ...] = ()

    @classmethod
    def identity(cls, width: int, height: int) -> Self:
        """The transform that changes nothing."""
        return cls((width, height), (width, height))

    @classmethod
    def cropped(cls, original: Size, box: Box) -> Self:
        """The part of the page in ``box``, which lies on it."""
        left, top, right, bottom = box
        return cls(original, (right - left, bottom - top), (Affine((1.0, 0.0, float(-left), 0.0, 1.0, float(-top))),))

    @classmethod
    def scaled(cls, original: Size, preprocessed: Size) -> Self:
        """The page resized to ``preprocessed``; both axes keep their own factor, since sizes are whole pixels."""
        return cls(
            original,
            preprocessed,
            (Affine((preprocessed[0] / original[0], 0.0, 0.0, 0.0, preprocessed[1] / original[1], 0.0)),),
        )

    @classmethod
    def quarter_turned(cls, original: Size, quarter_turns: int) -> Self:
        """The page rotated counterclockwise by ``quarter_turns`` times 90°, as :func:`numpy.rot90` does."""
        width, height = original
        match quarter_turns % 4:
            case 1:
                return cls(original, (height, width), (Affine((0.0, 1.0, 0.0, -1.0, 0.0, float(width))),))
            case 2:
                return cls(original, original, (Affine((-1.0, 0.0, float(width), 0.0, -1.0, float(height))),))
            case 3:
                return cls(original, (height, width), (Affine((0.0, -1.0, float(height), 1.0, 0.0, 0.0)),))
            case _:
                return cls.identity(width, height)

    @classmethod
    def rotated(cls, original: Size, degrees: float) -> Self:
        """The page rotated counterclockwise about its middle, on a canvas large enough for every corner."""
        width, height = original
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        # Subtracting a small value before rounding up keeps sizes exact at 0° and 90°.
        preprocessed = (
            math.ceil(abs(width * cos) + abs(height * sin) - 1e-6),
            math.ceil(abs(width * sin) + abs(height * cos) - 1e-6),
        )
        c = preprocessed[0] / 2 - (cos * width / 2 + sin * height / 2)
        f = preprocessed[1] / 2 - (-sin * width / 2 + cos * height / 2)
        return cls(original, preprocessed, (Affine((cos, sin, c, -sin, cos, f)),))

    @classmethod
    def dewarped(cls, dewarp: Dewarp) -> Self:
        """The page with its lines made level, on a canvas high enough for every column."""
        width, height = dewarp.size
        across = np.linspace(0, width, 65)
        above = float(np.min(dewarp.shift(across, np.zeros(65))))
        below = float(np.max(dewarp.shift(across, np.full(65, float(height)))))
        top, bottom = math.ceil(max(0.0, -above)), math.ceil(max(0.0, below))
        moved = msgspec.structs.replace(dewarp, top=dewarp.top + top)
        return cls(dewarp.size, (width, height + top + bottom), (moved,))

    @classmethod
    def upright(cls, original: Size, slant: float) -> Self:
        """The page with its rows shifted so that strokes of this slant, run over rise, become vertical."""
        width, height = original
        if not slant:
            return cls.identity(width, height)
        wider = math.ceil(abs(slant) * height)
        return cls(original, (width + wider, height), (Affine((1.0, -slant, max(0.0, slant * height), 0.0, 1.0, 0.0)),))

    @property
    def rotation(self) -> int:
        """Clockwise degrees, a multiple of 90, nearest to the rotation from the original to the preprocessed page."""
        return round(self._angle() / 90) * 90 % 360

    @property
    def skew(self) -> float:
        """Clockwise degrees, -45 to 45, by which the middle of the page was rotated in addition to :attr:`rotation`."""
        angle = self._angle()
        return angle - round(angle / 90) * 90

    def _angle(self) -> float:
        """Clockwise degrees by which a level line in the middle of the original page is rotated."""
        if not self.maps:
            return 0.0
        x, y = self.original[0] / 2, self.original[1] / 2
        (x0, y0), (x1, y1) = self.forward([(x, y), (x + 1, y)])
        return math.degrees(math.atan2(y1 - y0, x1 - x0))

    def then(self, other: Geometry) -> Geometry:
        """This map followed by ``other``. Raises ValueError when ``other`` starts from another page size."""
        if self.preprocessed != other.original:
            raise ValueError(f"a step on a page of {other.original} cannot follow one that leaves {self.preprocessed}")
        return Geometry(self.original, other.preprocessed, self.maps + other.maps)

    def forward(self, points: ArrayLike) -> Floats:
        """Positions on the preprocessed page of points ``(n, 2)`` of the original page."""
        mapped = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        for step in self.maps:
            mapped = step.forward(mapped)
        return mapped

    def inverse(self, points: ArrayLike) -> Floats:
        """Positions on the original page of points ``(n, 2)`` of the preprocessed page."""
        mapped = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        for step in reversed(self.maps):
            mapped = step.inverse(mapped)
        return mapped

    def to_original(self, layout: PageLayout) -> PageLayout:
        """The layout of the preprocessed page, in pixels of the original page.

        A word's box is the hull of its mapped corners. Boxes of lines, paragraphs and blocks are the hulls of
        what they hold: on a tilted page that fits the text, where the hull of their own corners would run
        into their neighbors. Everything is clipped to the page. Confidences and text stay as they are.
        """
        return _map_layout(layout, self) if self.maps else layout


def _map_layout(layout: PageLayout, geometry: Geometry) -> PageLayout:
    lines = list(layout.iter_lines())
    # Everything is mapped at once, then handed out in the same order: a page has thousands of words.
    words = _map_boxes([word.bbox for word in layout.iter_words()], geometry)
    rows = _map_rows(lines, geometry)

    def hull(box: Box, parts: Sequence[Word] | Sequence[Line] | Sequence[Paragraph]) -> Box:
        return around(part.bbox for part in parts) if parts else next(_map_boxes([box], geometry))

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

    width, height = geometry.original
    return PageLayout(width=width, height=height, blocks=tuple(block(part) for part in layout.blocks))


def _map_boxes(boxes: Sequence[Box], geometry: Geometry) -> Iterator[Box]:
    """Hulls of the mapped corners of the boxes, in whole pixels, inside the page and never empty."""
    edges = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    corners = geometry.inverse(edges[:, [0, 1, 2, 1, 2, 3, 0, 3]]).reshape(-1, 4, 2)
    size = np.array(geometry.original)
    low = np.clip(np.rint(corners.min(axis=1)), 0, size - 1)
    high = np.maximum(np.clip(np.rint(corners.max(axis=1)), 0, size), low + 1)
    return ((x0, y0, x1, y1) for x0, y0, x1, y1 in np.concatenate([low, high], axis=1).astype(int).tolist())


def _map_rows(lines: Sequence[Line], geometry: Geometry) -> Iterator[tuple[tuple[float, float, float, float], float]]:
    """Mapped baselines and row heights; a height is the mapped length of the vertical through the middle of the row."""
    ends = np.array([line.baseline for line in lines], dtype=np.float64).reshape(-1, 2, 2)
    heights = np.array([line.height for line in lines], dtype=np.float64)
    bottoms = ends.mean(axis=1)
    tops = bottoms - np.stack([np.zeros_like(heights), heights], axis=1)
    steps = geometry.inverse(tops) - geometry.inverse(bottoms)
    baselines = np.clip(geometry.inverse(ends), 0.0, np.array(geometry.original, dtype=np.float64)).reshape(-1, 4)
    return (
        ((x0, y0, x1, y1), height)
        for (x0, y0, x1, y1), height in zip(baselines.tolist(), np.hypot(*steps.T).tolist(), strict=True)
    )
