"""Words of a layout on the axes of their text: ``along`` the reading direction and ``up``, a quarter turn to its left.

One calculation serves level, tilted and rotated lines. On a line tilted by a few degrees every word stays upright and
is set on the baseline by itself: readers that cut text into lines by height cut a tilted word in two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, Word
from transformer.formats.pdf.text_layer.right_to_left import is_right_to_left, visual_order

_STEEPEST_UPRIGHT: Final = math.radians(8)


class PlacedWord(Struct, frozen=True):
    """A word in the text's own axes, units from the start of the baseline."""

    text: str
    start: float
    end: float
    base: float
    """Height of the baseline at the word."""
    bottom: float
    """From the baseline, as ``top``."""
    top: float
    index: int = 0
    """Of the word in its line."""


class PlacedLine(Struct, frozen=True):
    """A line's words from left to right, and their font size in units."""

    axes: Axes
    words: Sequence[PlacedWord]
    size: int


def place_line(line: Line, *, page_height: int, unit: float, skew: float = 0.0) -> PlacedLine | None:
    """A line on its own axes; None for one without text."""
    axes = Axes.of(line, page_height=page_height, unit=unit, skew=skew)
    words = [replace(axes.place(word), index=index) for index, word in enumerate(line.words) if word.text]
    if not words:
        return None
    if any(is_right_to_left(word.text) for word in words):
        # Readers expect characters in the order in which they stand and reorder right-to-left runs themselves.
        words = sorted((replace(word, text=visual_order(word.text)) for word in words), key=lambda word: word.start)
    size = max(1, round(max(line.height / unit, *(word.top - word.bottom for word in words))))
    return PlacedLine(axes, words, size)


class Axes(Struct, frozen=True):
    """Start of the baseline (units), the direction in which words are set, and the baseline's slope against it."""

    x: float
    y: float
    cos: float
    sin: float
    slope: float
    row: float
    page_height: int
    unit: float
    """Pixels."""

    @classmethod
    def of(cls, line: Line, *, page_height: int, unit: float, skew: float = 0.0) -> Self:
        """``skew`` are the degrees by which lines of the page rise that are meant to be level."""
        x0, y0, x1, y1 = line.baseline
        angle = math.atan2(y0 - y1, x1 - x0)
        level = math.radians(skew)
        quarter = round((angle - level) / (math.pi / 2)) * (math.pi / 2) + level
        tilt = angle - quarter
        upright = abs(tilt) < _STEEPEST_UPRIGHT
        direction, slope = (quarter, math.tan(tilt)) if upright else (angle, 0.0)
        cos, sin = round(math.cos(direction), 5), round(math.sin(direction), 5)
        start = (x0 / unit, (page_height - y0) / unit)
        return cls(*start, cos, sin, slope, line.height / unit, page_height, unit)

    def place(self, word: Word) -> PlacedWord:
        """A word's extent along and across the reading direction, from the upright box around it."""
        x0, y0, x1, y1 = (value / self.unit for value in word.bbox)
        dx = (x0 + x1) / 2 - self.x
        dy = self.page_height / self.unit - (y0 + y1) / 2 - self.y
        along, up = dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin
        length, height = self._extent(x1 - x0, y1 - y0)
        base = along * self.slope
        middle = up - base
        return PlacedWord(
            text=word.text,
            start=along - length / 2,
            end=along + length / 2,
            base=base,
            bottom=middle - height / 2,
            top=middle + height / 2,
        )

    def _extent(self, width: float, height: float) -> tuple[float, float]:
        """Length and height of the tilted rectangle whose upright hull is ``width`` by ``height``.

        The hull is ``length·|cos| + height·|sin|`` wide and the other way round high. Near 45° the two equations are
        nearly one, and the row's height replaces the word's.
        """
        c, s = abs(self.cos), abs(self.sin)
        determinant = c * c - s * s
        if abs(determinant) > 0.3:
            length = (c * width - s * height) / determinant
            across = (c * height - s * width) / determinant
        else:
            across = self.row
            length = (width - s * across) / c if c >= s else (height - c * across) / s
        return max(length, 1.0), max(across, 1.0)
