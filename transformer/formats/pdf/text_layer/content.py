"""One page's content stream of invisible text: the words of a layout where they stand on the page.

The layout is in pixels with y downwards; the stream works in whole units of about half a point with y upwards, which
keeps it small. The text's own axes are ``along`` the reading direction and ``up``, a quarter turn to the left of it, so
one calculation serves level, tilted and rotated lines.

On a line tilted by a few degrees every word stays upright and is set on the baseline by itself: readers that
cut text into lines by height cut a tilted word in two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Self

from kserve_ocr.protocol.layout import Line, PageLayout, Paragraph, Word
from transformer.formats.common import number
from transformer.formats.pdf.text_layer.glyphless_font import STEP, UNITS_PER_EM, GlyphlessFont, width
from transformer.formats.pdf.text_layer.page_geometry import Matrix
from transformer.formats.pdf.text_layer.right_to_left import is_right_to_left, visual_order

_STEEPEST_UPRIGHT: Final = math.radians(8)

# Readers clip a font's descent here; a word that reaches further down is lowered instead.
_DEEPEST: Final = 0.4
_SIMILAR: Final = 1.3
"""Lines of a paragraph whose heights differ by less than this factor are set in one size."""
_UNITS_PER_LINE: Final = 24
"""The least height of the median line, units: finer units than half a point for pages with small text."""
_WIDTH_TOLERANCE: Final = 1.0
"""Units by which a word may be wider or narrower before it gets a stretch of its own."""
_HEIGHT_TOLERANCE: Final = 2.0
"""Units by which a word may be higher or lower before it gets a face of its own."""
_LARGE: Final = 40
"""Units; above this size faces differ by single steps, below by two."""
_SMALL: Final = 25
"""Units; up to this size faces differ by four steps, and words with and without descenders share one."""
_MEAN_DESCENT: Final = 0.1
"""Em; of that shared face."""
_LEAST_ADJUSTMENT: Final = 20
"""Thousandths of an em that are not worth an adjustment."""


@dataclass(frozen=True, slots=True)
class _PlacedWord:
    """A word in the text's own axes, units from the start of the baseline."""

    text: str
    start: float
    end: float
    base: float
    """Height of the baseline at the word."""
    bottom: float
    """From the baseline, as ``top``."""
    top: float


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The content of a page's text layer; false without text."""

    data: bytes
    faces: frozenset[str]
    """Resource names of the font faces that it uses."""

    def __bool__(self) -> bool:
        return bool(self.data)


def text_layer(layout: PageLayout, font: GlyphlessFont, *, to_page: Matrix, pixels_per_unit: float) -> TextLayer:
    """The operators that show the words of ``layout`` invisibly, with the spaces between them.

    ``to_page`` leads from pixels of the layout to the page's own coordinates; ``pixels_per_unit`` is the size of half a
    point in pixels.
    """
    heights = [line.height for line in layout.iter_lines() if line.height > 0]
    unit = min(pixels_per_unit, median(heights) / _UNITS_PER_LINE) if heights else pixels_per_unit
    writer = _Writer(font, unit=unit, page_height=layout.height)
    for block in layout.blocks:
        for paragraph in block.paragraphs:
            writer.add(paragraph)
    if not writer.operators:
        return TextLayer(b"", frozenset())
    # Units with y upwards from the bottom left corner of the layout.
    matrix = Matrix(unit, 0, 0, -unit, 0, layout.height).then(to_page)
    numbers = " ".join(number(value, 6) for value in matrix)
    operators = [f"q {numbers} cm BT 3 Tr".encode(), *writer.operators, b"ET Q"]
    return TextLayer(b"\n".join(operators), frozenset(writer.faces))


class _Writer:
    """Operators between ``BT`` and ``ET``, and the text state that they have led to."""

    def __init__(self, font: GlyphlessFont, *, unit: float, page_height: int) -> None:
        self.operators: list[bytes] = []
        self.faces: set[str] = set()
        self._font = font
        self._unit = unit
        self._page_height = page_height
        self._direction = (1.0, 0.0)
        """Cosine and sine of the reading direction."""
        self._origin = (0.0, 0.0)
        """Start of the current line matrix, units of the page."""
        self._size = 0
        self._face = ""
        self._extent = (0.0, 0.0)
        """Ascent and descent of the current face, units."""
        self._stretch = 100
        self._rise = 0
        self._strings = b""
        """The array of strings and adjustments that is not shown yet."""
        self._pen = 0.0
        """Where the next string would start, units along the line."""

    def add(self, paragraph: Paragraph) -> None:
        """Show all lines of a paragraph.

        Readers part text where its size changes, so lines of nearly the same height share the largest of these.
        """
        heights = [line.height for line in paragraph.lines]
        for line in paragraph.lines:
            size = max((height for height in heights if height <= _SIMILAR * line.height), default=0.0)
            self._add_line(line, size / self._unit)

    def _add_line(self, line: Line, size: float) -> None:
        axes = _Axes.of(line, self._page_height, self._unit)
        words = [axes.place(word) for word in line.words if word.text]
        if not words:
            return
        if any(is_right_to_left(word.text) for word in words):
            # Readers expect characters in the order in which they stand and reorder right-to-left runs themselves.
            words = sorted((replace(word, text=visual_order(word.text)) for word in words), key=lambda word: word.start)
        size = max(1, round(max(size, *(word.top - word.bottom for word in words))))
        stretch = _stretch(sum(word.end - word.start for word in words), sum(width(word.text) for word in words), size)
        base: int | None = None
        for index, word in enumerate(words):
            last = index == len(words) - 1
            if round(word.base) != base:
                base = round(word.base)
                self._move(axes, word.start, base)
            self._show(word, size, stretch=stretch, text=word.text if last else word.text + " ")
        self._flush()

    def _move(self, axes: _Axes, along: float, up: float) -> None:
        """Start a line matrix at a position on the text's own axes."""
        self._flush()
        cos, sin = axes.cos, axes.sin
        x, y = axes.x + along * cos - up * sin, axes.y + along * sin + up * cos
        if (cos, sin) != self._direction:
            x, y = round(x), round(y)
            c, s = number(cos, 5), number(sin, 5)
            self.operators.append(f"{c} {s} {number(-sin, 5)} {c} {x} {y} Tm".encode())
            self._direction, self._origin = (cos, sin), (x, y)
        else:
            dx, dy = x - self._origin[0], y - self._origin[1]
            right, upwards = round(dx * cos + dy * sin), round(dy * cos - dx * sin)
            self.operators.append(f"{right} {upwards} Td".encode())
            x = self._origin[0] + right * cos - upwards * sin
            y = self._origin[1] + right * sin + upwards * cos
            self._origin = (x, y)
        self._pen = (x - axes.x) * cos + (y - axes.y) * sin

    def _show(self, word: _PlacedWord, size: int, *, stretch: int, text: str) -> None:
        self._set_face(word, size)
        length = width(word.text) * size
        if abs(length * stretch / 100 - (word.end - word.start)) > _WIDTH_TOLERANCE:
            stretch = _stretch(word.end - word.start, width(word.text), size)
        if stretch != self._stretch:
            self._flush()
            self.operators.append(b"%d Tz" % stretch)
            self._stretch = stretch
        em = size * stretch / 100
        adjustment = round((self._pen - word.start) / em * UNITS_PER_EM, -1)
        if abs(adjustment) >= _LEAST_ADJUSTMENT:
            self._strings += b"%d" % adjustment
            self._pen -= adjustment * em / UNITS_PER_EM
        self._strings += self._font.encode(text)
        self._pen += width(text) * em

    def _set_face(self, word: _PlacedWord, size: int) -> None:
        """Choose font, size and rise unless the current ones suit the word."""
        rise = round(word.bottom - min(0.0, max(-_DEEPEST * size, word.bottom)))
        if abs(rise) <= 1:
            rise = 0
        ascent, descent = word.top - rise, max(0.0, rise - word.bottom)
        if rise != self._rise:
            self._flush()
            self.operators.append(b"%d Ts" % rise)
            self._rise = rise
        fits = max(abs(ascent - self._extent[0]), abs(descent - self._extent[1])) <= _HEIGHT_TOLERANCE
        if fits and size == self._size:
            return
        step = STEP * (1 if size > _LARGE else 2 if size > _SMALL else 4)
        ascent, descent = max(step, round(ascent / size / step) * step), round(descent / size / step) * step
        if size <= _SMALL and descent <= 2 * _MEAN_DESCENT:
            descent = _MEAN_DESCENT
        name = self._font.face(ascent, descent)
        if (name, size) != (self._face, self._size):
            self._flush()
            self.operators.append(f"/{name} {size} Tf".encode())
            self.faces.add(name)
            self._face, self._size, self._extent = name, size, (ascent * size, descent * size)

    def _flush(self) -> None:
        if self._strings:
            self.operators.append(b"[" + self._strings + b"]TJ")
            self._strings = b""


def _stretch(length: float, natural: float, size: float) -> int:
    """Horizontal scaling, per cent, that makes ``natural`` em as long as ``length`` units."""
    return max(1, round(100 * length / (natural * size)))


@dataclass(frozen=True, slots=True)
class _Axes:
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
    def of(cls, line: Line, page_height: int, unit: float) -> Self:
        x0, y0, x1, y1 = line.baseline
        angle = math.atan2(y0 - y1, x1 - x0)
        quarter = round(angle / (math.pi / 2)) * (math.pi / 2)
        tilt = angle - quarter
        upright = abs(tilt) < _STEEPEST_UPRIGHT
        direction, slope = (quarter, math.tan(tilt)) if upright else (angle, 0.0)
        cos, sin = round(math.cos(direction), 5), round(math.sin(direction), 5)
        start = (x0 / unit, (page_height - y0) / unit)
        return cls(*start, cos, sin, slope, line.height / unit, page_height, unit)

    def place(self, word: Word) -> _PlacedWord:
        """A word's extent along and across the reading direction, from the upright box around it."""
        x0, y0, x1, y1 = (value / self.unit for value in word.bbox)
        dx = (x0 + x1) / 2 - self.x
        dy = self.page_height / self.unit - (y0 + y1) / 2 - self.y
        along, up = dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin
        length, height = self._extent(x1 - x0, y1 - y0)
        base = along * self.slope
        middle = up - base
        return _PlacedWord(
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
