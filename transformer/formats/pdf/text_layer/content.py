"""One page's content stream of invisible text: the words of a layout where they stand on the page.

The layout is in pixels with y downwards; the stream works in whole units of about half a point with y upwards, which
keeps it small. What a word would cost to stand exactly is spent only where it would be more than about a point off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from kserve_ocr.protocol.layout import PageLayout, Paragraph
from transformer.formats.common import number
from transformer.formats.pdf.text_layer.glyphless_font import STEP, UNITS_PER_EM, GlyphlessFont, width
from transformer.formats.pdf.text_layer.page_geometry import Matrix
from transformer.formats.pdf.text_layer.placement import Axes, PlacedLine, PlacedWord, place_line

# Readers clip a font's descent here; a word that reaches further down is lowered instead.
_DEEPEST: Final = 0.4
_SIMILAR: Final = 1.3
"""Lines of a paragraph whose heights differ by less than this factor are set in one size."""
_UNITS_PER_LINE: Final = 24
"""The least height of the median line, units: finer units than half a point for pages with small text."""
_TOLERANCE: Final = 2.9
"""Units by which an edge of a word may be off, about 1.5 points, of which a pixel is left to recognition."""
_LEAST_TOLERANCE: Final = 1.0
_BASE_TOLERANCE: Final = 0.75
"""Units by which a word may leave the baseline of those before it."""
_MARGIN: Final = 1
"""Units by which lines of one margin may differ."""
_LARGE: Final = 40
"""Units; above this size faces of single words differ by single steps, below by two."""
_SMALL: Final = 25
"""Units; up to this size they differ by four steps."""
_SAME_FACE: Final = 0.03
"""Em by which the faces of paragraphs differ at least."""
_OUTLIERS: Final = 20
"""One word in this many does not count for the face that a paragraph shares."""
_ADJUSTMENT: Final = 50
"""Thousandths of an em; adjustments are multiples of it, so that few different ones occur."""


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The content of a page's text layer; false without text."""

    data: bytes
    faces: frozenset[str]
    """Resource names of the font faces that it uses."""

    def __bool__(self) -> bool:
        return bool(self.data)


def text_layer(
    layout: PageLayout, font: GlyphlessFont, *, to_page: Matrix, pixels_per_unit: float, skew: float = 0.0
) -> TextLayer:
    """The operators that show the words of ``layout`` invisibly, with the spaces between them.

    ``to_page`` leads from pixels of the layout to the page's own coordinates; ``pixels_per_unit`` is the size of half a
    point in pixels. ``skew`` are the degrees by which lines of the page rise that are meant to be level.
    """
    heights = [line.height for line in layout.iter_lines() if line.height > 0]
    unit = min(pixels_per_unit, median(heights) / _UNITS_PER_LINE) if heights else pixels_per_unit
    writer = _Writer(font, unit=unit, page_height=layout.height, skew=skew)
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

    def __init__(self, font: GlyphlessFont, *, unit: float, page_height: int, skew: float) -> None:
        self.operators: list[bytes] = []
        self.faces: set[str] = set()
        self._font = font
        self._unit = unit
        self._tolerance = max(_LEAST_TOLERANCE, _TOLERANCE - 1 / unit)
        """Units by which an edge may be off before it costs bytes to put it right."""
        self._page_height = page_height
        self._skew = skew
        self._direction = (1.0, 0.0)
        """Cosine and sine of the reading direction."""
        self._origin = (0.0, 0.0)
        """Start of the current line matrix, units of the page."""
        self._size = 0
        """Font size of the line, units."""
        self._line_stretch = 100
        """What the line's words need on average, per cent."""
        self._shown_size = 0
        self._face = ""
        self._extent = (0.0, 0.0)
        """Ascent and descent of the current face, em."""
        self._shared_extent = (0.0, 0.0)
        """Ascent and descent that suit most words of the paragraph, em."""
        self._stretch = 100
        self._rise = 0
        self._strings: list[bytes | int] = []
        """Strings and adjustments that are not shown yet."""
        self._pen = 0.0
        """Where the next string would start, units along the line."""

    def add(self, paragraph: Paragraph) -> None:
        """Show all lines of a paragraph.

        Readers part text where its size changes, so lines of nearly the same height share the largest of these.
        """
        heights = [line.height for line in paragraph.lines]
        lines = [
            placed
            for line in paragraph.lines
            if (
                placed := place_line(
                    line,
                    largest=max((height for height in heights if height <= _SIMILAR * line.height), default=0.0),
                    page_height=self._page_height,
                    unit=self._unit,
                    skew=self._skew,
                )
            )
        ]
        if lines:
            middle = _middle_extent(lines)
            self._shared_extent = self._font.nearest(*middle, within=_SAME_FACE) or middle
        for line in lines:
            self._add_line(line)

    def _add_line(self, line: PlacedLine) -> None:
        words, self._size = line.words, line.size
        self._line_stretch = _stretch(
            sum(word.end - word.start for word in words), sum(width(word.text) for word in words), self._size
        )
        base = math.inf
        for index, word in enumerate(words):
            last = index == len(words) - 1
            if abs(word.base - base) > _BASE_TOLERANCE:
                base = self._move(line.axes, word.start, word.base)
            self._set_face(replace(word, bottom=word.bottom + word.base - base, top=word.top + word.base - base))
            self._show(word, text=word.text if last else word.text + " ")
        self._flush()

    def _move(self, axes: Axes, along: float, up: float) -> float:
        """Start a line matrix near a position on the text's own axes; returns the height of its baseline there."""
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
            right = 0 if abs(right) <= _MARGIN else right
            self.operators.append(f"{right} {upwards} Td".encode())
            x = self._origin[0] + right * cos - upwards * sin
            y = self._origin[1] + right * sin + upwards * cos
            self._origin = (x, y)
        self._pen = (x - axes.x) * cos + (y - axes.y) * sin
        return (y - axes.y) * cos - (x - axes.x) * sin

    def _show(self, word: PlacedWord, *, text: str) -> None:
        stretch = self._fitting_stretch(word)
        if stretch != self._stretch:
            self._flush()
            self.operators.append(b"%d Tz" % stretch)
            self._stretch = stretch
        em = self._size * stretch / 100
        length = width(word.text) * em
        if max(abs(self._pen - word.start), abs(self._pen + length - word.end)) > self._tolerance:
            shift = (word.start + word.end - length) / 2 - self._pen
            adjustment = -_ADJUSTMENT * round(shift / em * UNITS_PER_EM / _ADJUSTMENT)
            self._strings.append(adjustment)
            self._pen -= adjustment * em / UNITS_PER_EM
        self._strings.append(self._font.encode(text))
        self._pen += width(text) * em

    def _fitting_stretch(self, word: PlacedWord) -> int:
        """The current stretch or that of the line if the word gets about its length by it, else one of its own."""
        natural, length = width(word.text) * self._size, word.end - word.start
        for stretch in (self._stretch, self._line_stretch):
            if abs(natural * stretch / 100 - length) <= 1.5 * self._tolerance:
                return stretch
        return _stretch(length, width(word.text), self._size)

    def _set_face(self, word: PlacedWord) -> None:
        """Choose font, size and rise unless the current ones suit the word."""
        size = self._size
        rise = round(word.bottom - min(0.0, max(-_DEEPEST * size, word.bottom)))
        if abs(rise) <= 1:
            rise = 0
        if rise != self._rise:
            self._flush()
            self.operators.append(b"%d Ts" % rise)
            self._rise = rise
        wanted = (word.top - rise, rise - word.bottom)
        if self._shown_size == size and self._fits(wanted, self._extent):
            return
        extent = self._shared_extent
        if not self._fits(wanted, extent):
            exact = (wanted[0] / size, wanted[1] / size)
            extent = self._font.nearest(*exact, within=self._tolerance / size) or _single_extent(*exact, size)
        name = self._font.face(*extent)
        if (name, size) != (self._face, self._shown_size):
            self._flush()
            self.operators.append(f"/{name} {size} Tf".encode())
            self.faces.add(name)
            self._face, self._shown_size, self._extent = name, size, extent

    def _fits(self, wanted: tuple[float, float], extent: tuple[float, float]) -> bool:
        """Whether an ascent and a descent, units, are near enough to those of a face, em."""
        return all(
            abs(value - self._size * part) <= self._tolerance for value, part in zip(wanted, extent, strict=True)
        )

    def _flush(self) -> None:
        """Show the strings, with the adjustments between them."""
        parts: list[bytes] = []
        joined = b""
        for part in self._strings:
            if isinstance(part, bytes):
                joined += part
            elif part:
                parts += [b"(" + joined + b")"] if joined else []
                parts.append(b"%d" % part)
                joined = b""
        if joined:
            parts.append(b"(" + joined + b")")
        if len(parts) == 1:
            self.operators.append(parts[0] + b"Tj")
        elif parts:
            self.operators.append(b"[" + b"".join(parts) + b"]TJ")
        self._strings = []


def _middle_extent(lines: Sequence[PlacedLine]) -> tuple[float, float]:
    """Ascent and descent, em, between those of nearly all words of a paragraph."""
    words = [(word.top / line.size, -word.bottom / line.size) for line in lines for word in line.words]
    cut = len(words) // _OUTLIERS
    ascent, descent = ((ordered[cut] + ordered[-1 - cut]) / 2 for ordered in map(sorted, zip(*words, strict=True)))
    return max(STEP, _nearest(ascent, STEP)), max(0.0, _nearest(descent, STEP))


def _single_extent(ascent: float, descent: float, size: int) -> tuple[float, float]:
    """Ascent and descent of a face, em, for one word among others: of few different ones."""
    step = STEP * (3 if size > _LARGE else 5 if size > _SMALL else 10)
    return max(step, _nearest(ascent, step)), max(0.0, _nearest(descent, step))


def _nearest(value: float, step: float) -> float:
    return round(value / step) * step


def _stretch(length: float, natural: float, size: float) -> int:
    """Horizontal scaling, per cent, that makes ``natural`` em as long as ``length`` units."""
    return max(1, round(100 * length / (natural * size)))
