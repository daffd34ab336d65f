"""Whether a page is a table or price list, told by its letters before it is recognized.

The engine takes the columns of such a page for columns of text, which tears its rows apart. They show as a gutter: a
strip of white that many rows have a wide gap at, and hardly any row runs across, with short parts of rows behind it.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""``(n, 4)``: left, top, right and bottom edge of components that may be letters, in pixels of the page."""

MOST_LETTERS: Final = 2500
"""Letters above which a page is not measured: it has running text beside its tables."""
LEAST_LETTERS: Final = 4
"""Letters of a row."""
LEVEL: Final = 0.5
"""Letter heights by which the middles of neighbors in a row differ at most."""
WIDE_GAP: Final = 3.0
"""Letter heights of a gap that parts a row."""
LEAST_GAPS: Final = 8
"""Rows with a gap at the gutter."""
CROSSING: Final = 2
"""Rows with a gap that weigh as much as one that runs across the gutter."""
PRICE, PRICES = 6, 0.3
"""Median number of letters behind the gutter in columns of numbers, and the share of rows that have a gap there."""
CELL, CELLS = 20, 0.45
"""The same for other columns of a table; those of running text are wider."""


class _Part(Struct):
    """Letters of a row between two wide gaps."""

    left: float
    right: float
    letters: int


class _Row(Struct):
    """Letters beside one another, from left to right."""

    parts: list[_Part]
    middle: float
    """Height of the middle of its last letter."""

    @property
    def letters(self) -> int:
        return sum(part.letters for part in self.parts)


def has_table_rows(letters: Boxes) -> bool:
    """Whether the rows of a page, whose lines are level, are those of a table. Takes time linear in letters."""
    if not LEAST_GAPS * LEAST_LETTERS <= len(letters) <= MOST_LETTERS:
        return False
    size = max(1.0, float(np.median(letters[:, 3] - letters[:, 1])))
    rows = [row for row in _rows(letters, size) if row.letters >= LEAST_LETTERS]
    place, gaps = _gutter(rows, size)
    if gaps < LEAST_GAPS:
        return False
    behind = median(
        sum(part.letters for part in row.parts if part.left > place)
        for row in rows
        if row.parts[0].right <= place < row.parts[-1].left
    )
    share = gaps / len(rows)
    return (behind <= PRICE and share >= PRICES) or (behind <= CELL and share >= CELLS)


def _rows(letters: Boxes, size: float) -> list[_Row]:
    """The rows of a page: each letter continues the row whose last letter is nearest in height."""
    rows: list[_Row] = []
    last: dict[int, _Row] = {}
    for x0, y0, x1, y1 in letters[np.argsort(letters[:, 0], kind="stable")].tolist():
        middle = (y0 + y1) / 2
        place = int(middle / (LEVEL * size))
        near = [last[other] for other in (place - 1, place, place + 1) if other in last]
        row = min(near, key=lambda row: abs(row.middle - middle), default=None)
        if row is None or abs(row.middle - middle) > LEVEL * size:
            row = _Row([_Part(x0, x1, 0)], middle)
            rows.append(row)
        else:
            del last[int(row.middle / (LEVEL * size))]
            if x0 - row.parts[-1].right > WIDE_GAP * size:
                row.parts.append(_Part(x0, x1, 0))
        part = row.parts[-1]
        part.right, part.letters = max(part.right, x1), part.letters + 1
        row.middle = middle
        last[place] = row
    return rows


def _gutter(rows: list[_Row], size: float) -> tuple[float, int]:
    """Where most rows have a wide gap, as far right as there are as many, and their number."""
    width = 2 + int(max((row.parts[-1].right for row in rows), default=0.0) / size)
    gaps, across = np.zeros(width, np.intp), np.zeros(width, np.intp)
    for row in rows:
        for part in row.parts:
            across[int(part.left / size) : int(part.right / size) + 1] += 1
        for part, following in pairwise(row.parts):
            gaps[int(part.right / size) + 1 : int(following.left / size)] += 1
    worth = gaps - CROSSING * across
    place = int(np.flatnonzero(worth == worth.max())[-1])
    return place * size, int(gaps[place])
