"""Text operators that put the words of a line where they stand on the page image.

Coordinates are pixels with the origin at the bottom left. The text's own axes are ``along`` the reading direction and
``up``, a quarter turn to the left of it, so one calculation serves level, tilted and turned lines.

On a line tilted by a few degrees every word stays upright and is set on the baseline by itself: readers that
cut text into lines by height cut a tilted word in two.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self

from kserve_ocr.protocol.layout import Line, Paragraph, Word
from transformer.formats.common import number
from transformer.formats.pdf.glyphless_font import ADVANCE, GlyphlessFont

_STEEPEST_UPRIGHT = math.radians(8)

# Readers clip a font's descent here; a word that reaches further down is lowered instead.
_DEEPEST = 0.4
_NARROWEST_SPACE = 0.05  # em
_ALIKE = 1.3
"""Rows of a paragraph whose heights differ by less than this factor are set in one size."""

# Bidirectional classes of the Unicode standard, annex 9.
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_LEFT_TO_RIGHT = frozenset({"L", "EN", "AN"})
_FOLLOWING = frozenset({"NSM", "ES", "ET", "CS"})


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word in the text's own axes, pixels from the start of the baseline."""

    text: str
    start: float
    end: float
    base: float
    """Height of the baseline at the word."""
    bottom: float
    """From the baseline, as ``top``."""
    top: float


def paragraph_operators(paragraph: Paragraph, *, page_height: int, font: GlyphlessFont) -> list[str]:
    """The operators, between ``BT`` and ``ET``, that show the words of all lines and the spaces between them.

    Readers part text where its size changes, so lines of nearly the same height share the largest of these.
    """
    heights = [line.height for line in paragraph.lines]
    operators: list[str] = []
    for line in paragraph.lines:
        size = max((height for height in heights if height <= _ALIKE * line.height), default=0.0)
        operators += _line_operators(line, size, page_height=page_height, font=font)
    return operators


def _line_operators(line: Line, size: float, *, page_height: int, font: GlyphlessFont) -> list[str]:
    axes = _Axes.of(line, page_height)
    words = [axes.place(word) for word in line.words if word.text]
    if not words:
        return []
    if any(_is_right_to_left(word.text) for word in words):
        # Readers expect characters in the order in which they stand and put right-to-left runs in order themselves.
        words = sorted((_visual(word) for word in words), key=lambda word: word.start)
    size = max(size, 1.0, *(word.top - word.bottom for word in words))
    em = ADVANCE * size
    cos, sin = number(axes.cos, 5), number(axes.sin, 5)
    out = [f"{cos} {sin} {number(-axes.sin, 5)} {cos} {number(axes.x, 2)} {number(axes.y, 2)} Tm"]
    at = base = 0.0
    for word, following in zip(words, [*words[1:], None], strict=True):
        rise = word.bottom - min(0.0, max(-_DEEPEST * size, word.bottom))
        name = font.face((word.top - rise) / size, (rise - word.bottom) / size)
        stretch = 100 * (word.end - word.start) / (len(word.text) * em)
        out.append(
            f"{number(word.start - at, 2)} {number(word.base - base, 2)} Td /{name} {number(size, 2)} Tf "
            f"{number(rise, 1)} Ts {number(stretch, 2)} Tz {font.encode(word.text)} Tj"
        )
        at, base = word.start, word.base
        if following:
            gap = max(following.start - word.end, _NARROWEST_SPACE * size)
            out.append(f"{number(100 * gap / em, 2)} Tz {font.encode(' ')} Tj")
    return out


@dataclass(frozen=True, slots=True)
class _Axes:
    """Start of the baseline, the direction in which words are set, and how steeply the baseline leaves it."""

    x: float
    y: float
    cos: float
    sin: float
    slope: float
    row: float
    page_height: int

    @classmethod
    def of(cls, line: Line, page_height: int) -> Self:
        x0, y0, x1, y1 = line.baseline
        angle = math.atan2(y0 - y1, x1 - x0)
        quarter = round(angle / (math.pi / 2)) * (math.pi / 2)
        tilt = angle - quarter
        upright = abs(tilt) < _STEEPEST_UPRIGHT
        direction, slope = (quarter, math.tan(tilt)) if upright else (angle, 0.0)
        return cls(x0, page_height - y0, math.cos(direction), math.sin(direction), slope, line.height, page_height)

    def place(self, word: Word) -> _Placed:
        """A word's extent along and across the reading direction, from the upright box around it."""
        x0, y0, x1, y1 = word.bbox
        dx = (x0 + x1) / 2 - self.x
        dy = self.page_height - (y0 + y1) / 2 - self.y
        along, up = dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin
        length, height = self._extent(x1 - x0, y1 - y0)
        base = along * self.slope
        middle = up - base
        return _Placed(
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
        nearly one, and the row's height stands in for the word's.
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


def _is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text)


def _visual(word: _Placed) -> _Placed:
    """The word with its characters from left to right as they stand.

    Runs of letters are told from runs of numbers and Latin script, the order of runs is turned round, and so are the
    letters inside right-to-left runs: what the Unicode bidirectional algorithm does within one word.
    """
    if not _is_right_to_left(word.text):
        return word
    runs = [(key, list(run)) for key, run in groupby(_directed(word.text), key=lambda item: item[1])]
    text = "".join(
        "".join(char for char, _ in (reversed(run) if right_to_left else run)) for right_to_left, run in reversed(runs)
    )
    return replace(word, text=text)


def _directed(text: str) -> list[tuple[str, bool]]:
    """Every character with whether it runs from right to left.

    Marks and number signs follow what stands before them.
    """
    directed: list[tuple[str, bool]] = []
    right_to_left = True
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind not in _FOLLOWING:
            right_to_left = kind not in _LEFT_TO_RIGHT
        directed.append((char, right_to_left))
    return directed
