"""One page's content stream of invisible text: the words of a layout where they stand on the page.

The layout is in pixels with y downwards; the stream works in whole units of about half a point with y upwards, which
keeps it small. Every word may stand about a point off, and that is spent on the text state: font, size and horizontal
scaling change only where no value suits the next word as well, which is known before anything is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from kserve_ocr.protocol.layout import PageLayout, Paragraph
from transformer.formats.common import number
from transformer.formats.pdf.text_layer.faces import faces
from transformer.formats.pdf.text_layer.glyphless_font import UNITS_PER_EM, GlyphlessFont, width
from transformer.formats.pdf.text_layer.page_geometry import Matrix
from transformer.formats.pdf.text_layer.placement import Axes, PlacedLine, place_line
from transformer.formats.pdf.text_layer.runs import Interval, around, shared

# Readers clip a font's descent here; a word that reaches further down is lowered instead.
_DEEPEST: Final = 0.4
_SIMILAR: Final = 1.3
"""Lines of a paragraph whose heights differ by less than this factor are set in one size."""
_UNITS_PER_LINE: Final = 24
"""The least height of the median line, units: finer units than half a point for pages with small text."""
_TOLERANCE: Final = 2.9
"""Units by which an edge of a word may be off, about 1.5 points, of which a pixel is left to recognition."""
_LEAST_TOLERANCE: Final = 1.0
_BASE_TOLERANCE: Final = 2.0
"""Units by which a word may leave the baseline of those before it; its face makes up for it."""
_MARGIN: Final = 1
"""Units by which lines of one margin may differ."""
_STRETCHES: Final = (10, 5, 1)
"""Per cent; horizontal scaling is a multiple of the first of them that is near enough, so that values repeat."""
_ADJUSTMENTS: Final = (100, 50, 20, 10, 1)
"""Thousandths of an em; the same for adjustments between words."""
_SLACK: Final = 1.7
"""Tolerances by which the length of a word may be off; the rest is left to its position."""


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The content of a page's text layer; false without text."""

    data: bytes
    faces: frozenset[str]
    """Resource names of the font faces that it uses."""
    marked: tuple[int, ...] = ()
    """The leaf that each marked content belongs to, by the number of the content."""

    def __bool__(self) -> bool:
        return bool(self.data)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word to be shown, and what it needs; lengths in units, from the start of its line matrix."""

    text: str
    shown: str
    """With the space after it."""
    move: bytes
    """The operator that starts a line matrix at it; empty if it stands on that of the word before it."""
    pen: float
    """Where the line matrix starts, along the line; only with ``move``."""
    start: float
    end: float
    rise: int
    size: int
    ascent: float
    descent: float
    leaf: int


@dataclass(frozen=True, slots=True)
class Marks:
    """Which words are marked, for the structure of the document."""

    tags: tuple[str, ...] = ()
    """Of each leaf of the structure."""
    leaves: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """The leaf of a word, by the number of its line in reading order and its own in the line."""


def text_layer(  # noqa: PLR0913 - a page and how it is placed
    layout: PageLayout,
    font: GlyphlessFont,
    *,
    to_page: Matrix,
    pixels_per_unit: float,
    skew: float = 0.0,
    marks: Marks | None = None,
) -> TextLayer:
    """The operators that show the words of ``layout`` invisibly, with the spaces between them.

    ``to_page`` leads from pixels of the layout to the page's own coordinates; ``pixels_per_unit`` is the size of half a
    point in pixels. ``skew`` are the degrees by which lines of the page rise that are meant to be level.
    """
    heights = [line.height for line in layout.iter_lines() if line.height > 0]
    unit = min(pixels_per_unit, median(heights) / _UNITS_PER_LINE) if heights else pixels_per_unit
    tolerance = max(_LEAST_TOLERANCE, _TOLERANCE - 1 / unit)
    marks = marks or Marks()
    lines = _Lines(unit=unit, page_height=layout.height, skew=skew, tolerance=tolerance, leaves=marks.leaves)
    words = [word for block in layout.blocks for paragraph in block.paragraphs for word in lines.words_of(paragraph)]
    if not words:
        return TextLayer(b"", frozenset())
    # Units with y upwards from the bottom left corner of the layout.
    matrix = Matrix(unit, 0, 0, -unit, 0, layout.height).then(to_page)
    numbers = " ".join(number(value, 6) for value in matrix)
    extents, sizes = [(word.ascent, word.descent) for word in words], [word.size for word in words]
    names = list(faces(extents, sizes, font, tolerance=tolerance))
    operators, marked = _shown(words, names, font, tolerance=tolerance, tags=marks.tags)
    data = b"\n".join([f"q {numbers} cm BT 3 Tr".encode(), *operators, b"ET Q"])
    return TextLayer(data, frozenset(names), marked)


class _Lines:
    """Where lines start: the moves from one to the next."""

    def __init__(
        self,
        *,
        unit: float,
        page_height: int,
        skew: float,
        tolerance: float,
        leaves: Mapping[tuple[int, int], int],
    ) -> None:
        self._leaves = leaves
        self._line = -1
        """The number of the current line in reading order."""
        self._unit = unit
        self._page_height = page_height
        self._skew = skew
        self._tolerance = tolerance
        self._direction = (1.0, 0.0)
        """Cosine and sine of the reading direction."""
        self._origin = (0.0, 0.0)
        """Start of the current line matrix, units of the page."""

    def words_of(self, paragraph: Paragraph) -> Iterator[_Word]:
        """The words of a paragraph.

        Readers part text where its size changes, so lines of nearly the same height share the largest of these.
        """
        heights = [line.height for line in paragraph.lines]
        for line in paragraph.lines:
            self._line += 1
            largest = max((height for height in heights if height <= _SIMILAR * line.height), default=0.0)
            placed = place_line(line, largest=largest, page_height=self._page_height, unit=self._unit, skew=self._skew)
            if placed:
                yield from self._words(placed)

    def _words(self, line: PlacedLine) -> Iterator[_Word]:
        base, size = math.inf, line.size
        for index, word in enumerate(line.words):
            move, pen = b"", 0.0
            if abs(word.base - base) > _BASE_TOLERANCE:
                move, pen, base = self._move(line.axes, word.start, word.base)
            bottom, top = word.bottom + word.base - base, word.top + word.base - base
            rise = round(bottom - min(0.0, max(-_DEEPEST * size, bottom)))
            rise = 0 if abs(rise) <= self._tolerance / 2 else rise
            # Between marked contents nothing but a space parts words of two lines.
            last = index == len(line.words) - 1 and not self._leaves
            yield _Word(
                text=word.text,
                shown=word.text if last else word.text + " ",
                move=move,
                pen=pen,
                start=word.start,
                end=word.end,
                rise=rise,
                size=size,
                ascent=top - rise,
                descent=rise - bottom,
                leaf=self._leaves.get((self._line, word.index), -1),
            )

    def _move(self, axes: Axes, along: float, up: float) -> tuple[bytes, float, float]:
        """Start a line matrix near a position on the text's own axes; its operator, and where it then is on them."""
        cos, sin = axes.cos, axes.sin
        x, y = axes.x + along * cos - up * sin, axes.y + along * sin + up * cos
        if (cos, sin) != self._direction:
            x, y = round(x), round(y)
            c, s = number(cos, 5), number(sin, 5)
            operator = f"{c} {s} {number(-sin, 5)} {c} {x} {y} Tm"
            self._direction, self._origin = (cos, sin), (x, y)
        else:
            dx, dy = x - self._origin[0], y - self._origin[1]
            right, upwards = round(dx * cos + dy * sin), round(dy * cos - dx * sin)
            right = 0 if abs(right) <= _MARGIN else right
            operator = f"{right} {upwards} Td"
            x = self._origin[0] + right * cos - upwards * sin
            y = self._origin[1] + right * sin + upwards * cos
            self._origin = (x, y)
        dx, dy = x - axes.x, y - axes.y
        return operator.encode(), dx * cos + dy * sin, dy * cos - dx * sin


def _shown(
    words: Sequence[_Word], names: Sequence[str], font: GlyphlessFont, *, tolerance: float, tags: Sequence[str]
) -> tuple[list[bytes], tuple[int, ...]]:
    """The operators that show the words, each in the face of that name, and the leaf of each marked content."""
    marked: list[int] = []
    leaf = -1
    operators: list[bytes] = []
    strings: list[bytes | int] = []
    face, stretch, rise, pen = ("", 0), 100, 0, 0.0
    for word, name, wanted in zip(words, names, _stretches(words, tolerance=tolerance), strict=True):
        changes = [word.move] if word.move else []
        if word.rise != rise:
            rise = word.rise
            changes.append(b"%d Ts" % rise)
        if wanted != stretch:
            stretch = wanted
            changes.append(b"%d Tz" % stretch)
        if (name, word.size) != face:
            face = (name, word.size)
            changes.append(f"/{name} {word.size} Tf".encode())
        if word.leaf != leaf:
            changes += [b"EMC"] if leaf >= 0 else []
            leaf = word.leaf
            if leaf >= 0:
                changes.append(f"/{tags[leaf]} <</MCID {len(marked)}>> BDC".encode())
                marked.append(leaf)
        if changes:
            operators += _text(strings)
            operators += changes
            strings = []
        em = word.size * stretch / 100
        pen = word.pen if word.move else pen
        if adjustment := _adjustment(word, pen, em, tolerance=tolerance):
            strings.append(adjustment)
            pen -= adjustment * em / UNITS_PER_EM
        strings.append(font.encode(word.shown))
        pen += width(word.shown) * em
    return [*operators, *_text(strings), *([b"EMC"] if leaf >= 0 else [])], tuple(marked)


def _stretches(words: Sequence[_Word], *, tolerance: float) -> Iterator[int]:
    """The horizontal scaling of each word, per cent."""
    accepted = []
    for word in words:
        natural = width(word.text) * word.size / 100
        accepted.append(around((word.end - word.start) / natural, _SLACK * tolerance / natural, least=1.0))
    for stretches in shared(accepted):
        yield max(1, round(stretches.roundest(_STRETCHES)))


def _adjustment(word: _Word, pen: float, em: float, *, tolerance: float) -> int:
    """Thousandths of an em by which the pen goes back before a word; 0 if it stands near enough."""
    before, after = pen - word.start, pen + width(word.text) * em - word.end
    if max(abs(before), abs(after)) <= tolerance:
        return 0
    shifts = Interval(max(before, after) - tolerance, min(before, after) + tolerance)
    if shifts.is_empty:
        shifts = Interval(shifts.middle, shifts.middle)
    thousandths = Interval(*(shift / em * UNITS_PER_EM for shift in shifts))
    return round(thousandths.roundest(_ADJUSTMENTS))


def _text(strings: Sequence[bytes | int]) -> list[bytes]:
    """The operator that shows strings with the adjustments between them; none for none."""
    parts: list[bytes] = []
    joined = b""
    for part in strings:
        if isinstance(part, bytes):
            joined += part
        else:
            parts += [b"(" + joined + b")"] if joined else []
            parts.append(b"%d" % part)
            joined = b""
    if joined:
        parts.append(b"(" + joined + b")")
    if len(parts) == 1:
        return [parts[0] + b"Tj"]
    return [b"[" + b"".join(parts) + b"]TJ"] if parts else []
