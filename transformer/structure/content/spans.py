"""Cells that span rows or columns of a ruled table: the nearest rules around a cell say how far it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from msgspec import Struct

from transformer.structure.separators import Separators

MIN_RULES: Final = 3
"""Rules of one direction in a table from which they bound its cells, and not only its frame or its heading."""
REACH: Final = 0.3
"""Heights of text by which a rule may end before the middle of what it bounds."""

Range = tuple[float, float]


class Extent(Struct, frozen=True):
    """Edges of what stands in a cell, a row or a column, in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def x(self) -> float:
        """Its middle from left to right."""
        return (self.x0 + self.x1) / 2

    @property
    def y(self) -> float:
        """Its middle from top to bottom."""
        return (self.y0 + self.y1) / 2

    def joined(self, other: Extent) -> Extent:
        """The extent of both."""
        return Extent(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))


class _Rule(Struct, frozen=True):
    """A ruled line at ``place`` across what lies between ``start`` and ``end``."""

    place: float
    start: float
    end: float

    def crosses(self, middle: float, reach: float) -> bool:
        return self.start - reach <= middle <= self.end + reach


class Grid:
    """The rules of one table, and the middles of its rows and columns."""

    def __init__(self, extent: Extent, rows: Sequence[float], columns: Sequence[float], separators: Separators) -> None:
        height = (extent.y1 - extent.y0) / (2 * max(1, len(rows)))
        self._reach = REACH * height
        self._rows, self._columns = rows, columns
        self._across = [
            _Rule((y0 + y1) / 2, x0, x1)
            for x0, y0, x1, y1 in separators.horizontal
            if extent.y0 - 2 * height <= y0 <= extent.y1 + 2 * height and x0 < extent.x1 and x1 > extent.x0
        ]
        self._down = [
            _Rule((x0 + x1) / 2, y0, y1)
            for x0, y0, x1, y1 in separators.vertical
            if y0 < extent.y1 and y1 > extent.y0 and extent.x0 - 4 * height <= x0 <= extent.x1 + 4 * height
        ]

    def rows_of(self, cell: Extent) -> range | None:
        """The rows between the rules above and below a cell, if rules elsewhere part them; None if not told."""
        return self._between(self._across, cell.x, cell.y, self._rows)

    def columns_of(self, cell: Extent) -> range | None:
        """The columns between the rules on both sides of a cell, if rules elsewhere part them; None if not told."""
        return self._between(self._down, cell.y, cell.x, self._columns)

    def _between(self, rules: Sequence[_Rule], across: float, along: float, middles: Sequence[float]) -> range | None:
        if len(rules) < MIN_RULES:
            return None
        bounds = [rule.place for rule in rules if rule.crosses(across, self._reach)]
        low = max((place for place in bounds if place <= along), default=None)
        high = min((place for place in bounds if place > along), default=None)
        if low is None or high is None or not any(low < rule.place < high for rule in rules):
            return None
        inside = [number for number, middle in enumerate(middles) if low < middle < high]
        return range(inside[0], inside[-1] + 1) if inside else None


def places(rows: range, columns: range) -> Iterator[tuple[int, int]]:
    """The places of a cell that spans those rows and columns."""
    return product(rows, columns)
