"""White margins of sparse pages: a fax of a few lines, a letter that ends after its first third.

The engine looks at every pixel many times, whether there is ink or not, so that a page costs as much as its area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom edge, pixels."""

WHITE = 250
"""Darker pixels may be ink, however faint."""
LEAST_PIXELS = 1_000_000
"""Smaller pages stay as they are: there is little to gain, and labels need their paper around them."""
GREATEST_SHARE = 0.6
"""Share of the page that its ink may take up, margin included."""
MARGIN = 0.03
"""Paper that stays around the ink, as a share of the longer side of the page."""
LEAST_SIDE = 0.35
"""Shorter sides are not cut off further, as a share of the longer side: sizes on a page are judged by its own."""


def inked(gray: Pixels) -> Box | None:
    """The part of a gray ``(h, w)`` uint8 page outside of which it is white; None if that is most of it, or nothing."""
    if gray.size < LEAST_PIXELS:
        return None
    across, down = _extent(gray, axis=0), _extent(gray, axis=1)
    if across is None or down is None:
        return None
    longer = max(gray.shape)
    left, right = _widened(across, gray.shape[1], longer)
    top, bottom = _widened(down, gray.shape[0], longer)
    if (right - left) * (bottom - top) > GREATEST_SHARE * gray.size:
        return None
    return left, top, right, bottom


def _extent(gray: Pixels, *, axis: int) -> tuple[int, int] | None:
    """First and last column (axis 0) or row (axis 1) with ink, the last one excluded."""
    found = np.flatnonzero(gray.min(axis=axis) < WHITE)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else None


def _widened(extent: tuple[int, int], side: int, longer: int) -> tuple[int, int]:
    """The extent with a margin, and wide enough, inside a page of that side."""
    first, last = extent
    margin = max(round(MARGIN * longer), round((LEAST_SIDE * longer - (last - first)) / 2))
    return max(0, first - margin), min(side, last + margin)
