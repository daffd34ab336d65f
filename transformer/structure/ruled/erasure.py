"""Underlines, boxes around fields and other rules erased from a page so that the letters on them can be recognized.

The engine takes an underline that touches letters for a part of them, and the frame of a box for the height of its
line. Rules are runs of ink longer than strokes of letters; where ink goes on beyond both sides of one, a stroke
crosses it, and that stays. With NumPy only: the server, which does this, loads no image library.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

INK: Final = 160
"""Darker pixels are ink."""
LONG: Final = 3.0
"""Length of a horizontal rule, in heights of letters."""
TALL: Final = 3.5
"""Length of a vertical rule, in heights of letters ..."""
TALL_AT_RULE: Final = 1.6
"""... and of one that ends at a horizontal rule: the side of a box."""
THICK: Final = 0.8
"""Thickness of a rule, in heights of letters; thicker ink is a picture."""
CROSSED: Final = 0.5
"""Share of a run of ink that strokes cross, above which it is a line of small letters that touch."""
RIM: Final = 4
"""Pixels of a rule's blurred edge ..."""
BEYOND: Final = (5, 6, 7)
"""... and pixels beside the rule where ink is that of a letter."""


class _Runs(Struct, frozen=True):
    """Runs of ink along the lines of a mask: its rows, or its columns if it is turned."""

    line: Indices
    start: Indices
    end: Indices
    """Exclusive."""

    @property
    def length(self) -> Indices:
        return self.end - self.start

    def only(self, chosen: Mask) -> _Runs:
        return _Runs(self.line[chosen], self.start[chosen], self.end[chosen])


def without_ruled_lines(pixels: Pixels, *, letter_height: float) -> Pixels:
    """A copy of a gray page ``(h, w)`` with dark ink, with its rules painted white; what crosses them stays.

    ``letter_height`` is the median height of its letters in pixels. Takes time linear in pixels.
    """
    page = pixels.copy()
    ink = pixels < INK
    turned = np.ascontiguousarray(ink.T)
    thickness = max(1, round(THICK * letter_height))
    level = _rules(ink, turned, LONG * letter_height, thickness)
    upright = _rules(turned, ink, TALL_AT_RULE * letter_height, thickness)
    upright = upright.only((upright.length >= TALL * letter_height) | _ends_at(upright, _mask(level, ink.shape)))
    _erase(page.T, turned, _across(level, thickness))
    _erase(page, ink, _across(upright, thickness))
    return page


def _rules(ink: Mask, turned: Mask, length: float, thickness: int) -> _Runs:
    """Runs of at least this length along the rows of ``ink`` that are no line of small letters.

    ``turned`` is the ink with rows and columns exchanged.
    """
    runs = _runs(ink)
    runs = runs.only(runs.length >= length)
    across = _across(runs, thickness)
    column, row = _pixels(across.only(_goes_on(turned, across, -1) & _goes_on(turned, across, 1)))
    crossed = np.sort(row * ink.shape[1] + column)
    first = runs.line * ink.shape[1]
    count = np.searchsorted(crossed, first + runs.end) - np.searchsorted(crossed, first + runs.start)
    return runs.only(count <= CROSSED * runs.length)


def _runs(mask: Mask) -> _Runs:
    """Runs along the rows of a mask."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.bool_)
    padded[:, 1:-1] = mask
    line, edge = np.divmod(np.flatnonzero(padded[:, 1:] != padded[:, :-1]), width + 1)
    return _Runs(line[::2], edge[::2], edge[1::2])


def _pixels(runs: _Runs) -> tuple[Indices, Indices]:
    """Line and place of each pixel of the runs."""
    before = np.cumsum(runs.length) - runs.length
    line = np.repeat(runs.line, runs.length)
    return line, np.arange(len(line)) + np.repeat(runs.start - before, runs.length)


def _mask(runs: _Runs, shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape, np.bool_)
    mask[_pixels(runs)] = True
    return mask


def _across(runs: _Runs, thickness: int) -> _Runs:
    """Runs through rules at right angles to them, where those are no thicker than rules may be."""
    line, place = _pixels(runs)
    if not len(line):
        return runs
    height = int(line.max()) + 2  # with a free place between columns
    pixels = np.sort(place * height + line)
    first = np.flatnonzero(np.diff(pixels, prepend=pixels[0] - 2) != 1)
    column, start = np.divmod(pixels[first], height)
    found = _Runs(column, start, start + np.diff(first, append=len(pixels)))
    return found.only(found.length <= thickness)


def _goes_on(ink: Mask, across: _Runs, side: int) -> Mask:
    """Whether there is ink beyond each run across a rule, on its lower (-1) or higher side (1)."""
    edge = across.start if side < 0 else across.end - 1
    found = np.zeros(len(edge), np.bool_)
    for distance in BEYOND:
        found |= _at(ink, across.line, edge + side * distance)
    return found


def _at(mask: Mask, line: Indices, place: Indices) -> Mask:
    """The mask at these pixels; False outside."""
    height, width = mask.shape
    inside = (line >= 0) & (line < height) & (place >= 0) & (place < width)
    found: Mask = inside & mask[np.clip(line, 0, height - 1), np.clip(place, 0, width - 1)]
    return found


def _ends_at(upright: _Runs, level: Mask) -> Mask:
    """Whether either end of each vertical run touches a horizontal rule."""
    found = np.zeros(len(upright.line), np.bool_)
    for end in (upright.start, upright.end - 1):
        for down in (-RIM, 0, RIM):
            for across in (-RIM, 0, RIM):
                found |= _at(level, end + down, upright.line + across)
    return found


def _erase(page: Pixels, ink: Mask, across: _Runs) -> None:
    """Paint the runs across rules white, with their blurred edges, but for strokes that cross the rule.

    A letter that stands on the rule keeps its ink down to it.
    """
    before, after = _goes_on(ink, across, -1), _goes_on(ink, across, 1)
    start = np.where(before, across.start, np.maximum(0, across.start - RIM))
    end = np.where(after, across.end, np.minimum(page.shape[1], across.end + RIM))
    page[_pixels(_Runs(across.line, start, end).only(~(before & after)))] = 255
