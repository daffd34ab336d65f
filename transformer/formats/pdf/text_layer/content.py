"""One page's content stream of invisible text: the words of a layout where they stand on the page.

The layout is in pixels with y downwards; the stream works in whole units of about half a point with y upwards, which
keeps it small. Every word may stand about a point off, and that is spent on the text state: font, size and horizontal
scaling change only where no value suits the next word as well, which is known before anything is written. What is left
between two words is the width of the space between them, of which the font has several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from msgspec import Struct, field

from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.common import number
from transformer.formats.pdf.text_layer.faces import faces
from transformer.formats.pdf.text_layer.font_program import UNITS_PER_EM
from transformer.formats.pdf.text_layer.glyphless_font import SPACE, SPACES, GlyphlessFont, width
from transformer.formats.pdf.text_layer.lines import ShownWord, shown_words
from transformer.formats.pdf.text_layer.page_geometry import Matrix
from transformer.formats.pdf.text_layer.runs import Interval, around, shared

_UNITS_PER_LINE: Final = 24
"""The least height of the median line, units: finer units than half a point for pages with small text."""
_TOLERANCE: Final = 2.9
"""Units by which an edge of a word may be off, about 1.5 points, of which a pixel is left to recognition."""
_LEAST_TOLERANCE: Final = 1.0
_STRETCHES: Final = (10, 5, 1)
"""Per cent; horizontal scaling is a multiple of the first of them that is near enough, so that values repeat."""
_STARTS: Final = (10, 5, 2, 1)
"""Units; the same for the distance from the start of a line to that of the next."""
_ADJUSTMENTS: Final = (100, 50, 20, 10, 1)
"""Thousandths of an em; the same for adjustments between words that no space leads to."""
_SLACK: Final = 1.7
"""Tolerances by which the length of a word may be off; the rest is left to its position."""


class TextLayer(Struct, frozen=True):
    """The content of a page's text layer; false without text."""

    data: bytes
    faces: frozenset[str]
    """Resource names of the font faces that it uses."""
    marked: tuple[int, ...] = ()
    """The leaf that each marked content belongs to, by the number of the content."""

    def __bool__(self) -> bool:
        return bool(self.data)


class Marks(Struct, frozen=True):
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
    words = shown_words(layout, unit=unit, skew=skew, tolerance=tolerance, leaves=marks.leaves)
    if not words:
        return TextLayer(b"", frozenset())
    # Units with y upwards from the bottom left corner of the layout.
    matrix = Matrix(unit, 0, 0, -unit, 0, layout.height).then(to_page)
    numbers = " ".join(number(value, 6) for value in matrix)
    extents, sizes = [(word.ascent, word.descent) for word in words], [word.size for word in words]
    names = list(faces(extents, sizes, font, tolerance=tolerance))
    writer = _Writer(font, tolerance=tolerance, tags=marks.tags)
    for word, name, stretch in zip(words, names, _stretches(words, tolerance=tolerance), strict=True):
        writer.show(word, name, stretch)
    data = b"q %s cm BT 3 Tr%s\nET Q" % (numbers.encode(), writer.finish())
    return TextLayer(data, frozenset(names), tuple(writer.marked))


class _Writer:
    """Writes the operators of one page."""

    def __init__(self, font: GlyphlessFont, *, tolerance: float, tags: Sequence[str]) -> None:
        self._font = font
        self._tolerance = tolerance
        self._tags = tags
        self._out = bytearray()
        self._strings: list[bytes | int] = []
        """Shown from the last operator on, with adjustments between them."""
        self._face, self._stretch, self._rise, self._leaf = ("", 0), 100, 0, -1
        self._em = 0.0
        """Width of an em, units."""
        self._direction, self._line, self._step = (1.0, 0.0), (0, 0), 0
        """Where the line starts, along and across, and how far along from the start of the one before it."""
        self._pen = 0.0
        self._used = [0] * len(SPACES)
        """How often each of the spaces was used."""
        self.marked: list[int] = []

    def show(self, word: ShownWord, name: str, stretch: int) -> None:
        """Show a word, after those before it, in this face and with this horizontal scaling."""
        em = word.size * stretch / 100
        length = width(word.text) * em
        left, right = sorted((word.start, word.end - length))
        starts = Interval(right - self._tolerance, left + self._tolerance)
        if starts.is_empty:
            starts = Interval(starts.middle, starts.middle)
        if not word.opens:
            self._space(starts)
        elif self._leaf >= 0 and self._strings:  # between marked contents nothing else parts words of two lines
            self._strings.append(self._font.space(SPACE))
        if word.opens or (name, word.size, stretch, word.rise, word.leaf) != (
            *self._face,
            self._stretch,
            self._rise,
            self._leaf,
        ):
            self._change(word, name, stretch, starts)
        self._em = em
        if not starts.low <= self._pen <= starts.high:
            self._adjust(starts)
        self._strings.append(self._font.encode(word.text))
        self._pen += length

    def finish(self) -> bytes:
        """All operators."""
        self._flush()
        if self._leaf >= 0:
            self._operator(b"EMC")
        return bytes(self._out)

    def _space(self, starts: Interval) -> None:
        """The space before a word: of those that lead to where it may start the one used most, else the nearest."""
        low, high = ((start - self._pen) / self._em * UNITS_PER_EM for start in starts)
        fitting = [at for at, advance in enumerate(SPACES) if low <= advance <= high]
        middle = (low + high) / 2
        if fitting:
            chosen = max(fitting, key=lambda at: (self._used[at], -abs(SPACES[at] - middle)))
        elif middle > SPACES[-1]:
            chosen = SPACE
        else:
            chosen = min(range(len(SPACES)), key=lambda at: abs(SPACES[at] - middle))
        self._used[chosen] += 1
        self._strings.append(self._font.space(chosen))
        self._pen += SPACES[chosen] * self._em / UNITS_PER_EM

    def _change(self, word: ShownWord, name: str, stretch: int, starts: Interval) -> None:
        """The operators between the word before and this one."""
        self._flush()
        if word.opens:
            self._move(word, starts)
        if word.rise != self._rise:
            self._rise = word.rise
            self._operator(b"%d Ts" % word.rise)
        if stretch != self._stretch:
            self._stretch = stretch
            self._operator(b"%d Tz" % stretch)
        if (name, word.size) != self._face:
            self._face = (name, word.size)
            self._operator(f"/{name} {word.size} Tf".encode())
        if word.leaf != self._leaf:
            if self._leaf >= 0:
                self._operator(b"EMC")
            self._leaf = word.leaf
            if word.leaf >= 0:
                self._operator(f"/{self._tags[word.leaf]} <</MCID {len(self.marked)}>> BDC".encode())
                self.marked.append(word.leaf)

    def _move(self, word: ShownWord, starts: Interval) -> None:
        """Start a line."""
        if word.direction != self._direction:
            cos, sin = self._direction = word.direction
            along = round(starts.middle)
            x, y = along * cos - word.base * sin, along * sin + word.base * cos
            c, s = number(cos, 5), number(sin, 5)
            self._operator(f"{c} {s} {number(-sin, 5)} {c} {number(x, 1)} {number(y, 1)} Tm".encode())
            self._step = 0
        else:
            steps = Interval(*(start - self._line[0] for start in starts))
            usual = [step for step in (0, self._step) if steps.low <= step <= steps.high]
            self._step = usual[0] if usual else round(steps.roundest(_STARTS))
            along = self._line[0] + self._step
            self._operator(b"%d %d Td" % (self._step, word.base - self._line[1]))
        self._line = (along, word.base)
        self._pen = along

    def _adjust(self, starts: Interval) -> None:
        """Move the pen to where a word may start."""
        thousandths = Interval(*sorted((self._pen - start) / self._em * UNITS_PER_EM for start in starts))
        adjustment = round(thousandths.roundest(_ADJUSTMENTS))
        self._strings.append(adjustment)
        self._pen -= adjustment * self._em / UNITS_PER_EM

    def _flush(self) -> None:
        """The operator that shows the strings."""
        parts: list[bytes] = []
        joined = b""
        for part in self._strings:
            if isinstance(part, bytes):
                joined += part
            else:
                parts += [b"(" + joined + b")"] if joined else []
                parts.append(b"%d" % part)
                joined = b""
        if joined:
            parts.append(b"(" + joined + b")")
        if len(parts) == 1:
            self._operator(parts[0] + b"Tj")
        elif parts:
            self._operator(b"[" + b"".join(parts) + b"]TJ")
        self._strings = []

    def _operator(self, operator: bytes) -> None:
        """Nothing but a number needs white space before it."""
        self._out += operator if operator[:1] in (b"/", b"[", b"(") else b"\n" + operator


def _stretches(words: Sequence[ShownWord], *, tolerance: float) -> Iterator[int]:
    """The horizontal scaling of each word, per cent."""
    accepted = []
    for word in words:
        natural = width(word.text) * word.size / 100
        accepted.append(around((word.end - word.start) / natural, _SLACK * tolerance / natural, least=1.0))
    for stretches in shared(accepted):
        yield max(1, round(stretches.roundest(_STRETCHES)))
