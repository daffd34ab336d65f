"""The text that a PDF page has of its own, with boxes, as PDFium finds it."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, pairwise
from typing import Any, Final, NamedTuple

from msgspec import Struct
from pypdfium2 import raw

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word, around

_MAX_CHARACTERS: Final = 200_000
"""Pages with more are treated as pages without text."""
_LEAST_LETTERS: Final = 3
"""Of a page that counts as one with text."""
_MOST_GARBAGE: Final = 0.3
"""Share of characters without a Unicode value above which a text layer is worthless."""
_PARAGRAPH_GAP: Final = 0.6
"""Line heights between lines of different paragraphs."""
_BLOCK_GAP: Final = 1.6
_SAME_LINE: Final = 0.5
"""Line heights by which a character may leave the baseline of its line."""
_COLUMN_GAP: Final = 2.5
"""Line heights between words that belong to different lines."""
_WORD: Final = re.compile("[^ \t\xa0\u3000\r\n]+")
_BREAKS: Final = frozenset("\r\n")
"""How PDFium marks the end of a line."""
_SPACES: Final = frozenset(" \t\xa0\u3000")
_HYPHEN: Final = "\x02"
"""What PDFium makes of a hyphen at the end of a line."""
_HYPHEN_IN_TEXT: Final = "\ufffe"
"""What it makes of the same in a text as a whole."""
_REPLACEMENT: Final = "\ufffd"
_SAMPLE: Final = 50
"""Characters that are looked at to judge all."""

_Transform = Callable[[float, float, float, float], tuple[float, float, float, float]]


class _PlacedWord(NamedTuple):
    """A word with its position in pixels of the page as shown."""

    text: str
    box: tuple[float, float, float, float]
    baseline: float
    height: float
    """Of its font, from descenders to ascenders."""
    ends_line: bool
    """Whether PDFium found a line to end after it."""


class Characters(Struct, frozen=True):
    """The characters of a PDFium page, while both are open."""

    page: Any
    text_page: Any
    text: str
    """A UTF-16 unit for each of PDFium's, in the order of the content."""

    @property
    def are_invisible(self) -> bool:
        """Whether most of them are the invisible layer of an earlier recognition."""
        modes = [
            raw.FPDFTextObj_GetTextRenderMode(found)
            for index in range(0, len(self.text), max(1, len(self.text) // _SAMPLE))
            if (found := raw.FPDFText_GetTextObject(self.text_page, index))
        ]
        return 2 * modes.count(raw.FPDF_TEXTRENDERMODE_INVISIBLE) > len(modes)

    def layout(self, size: tuple[int, int]) -> PageLayout:
        """Their words, lines, paragraphs and blocks in pixels of a view of ``size``."""
        words = _words(self.text_page, self.text, _view_transform(self.page, size))
        return PageLayout(*size, blocks=tuple(_blocks([_line(members) for members in _lines(words)])))


@contextmanager
def characters(page: Any) -> Iterator[Characters | None]:
    """The characters of a PDFium page, during the block.

    None for a page without text, or whose text is garbage: characters that lead to no Unicode value.
    """
    text_page = raw.FPDFText_LoadPage(page)
    if not text_page:
        yield None
        return
    try:
        text = _text(text_page)
        letters = sum(1 for _ in islice(filter(str.isalnum, text), _LEAST_LETTERS))
        useful = letters == _LEAST_LETTERS and not _is_garbage(text_page, text)
        yield Characters(page, text_page, text) if useful else None
    finally:
        raw.FPDFText_ClosePage(text_page)


def _text(text_page: Any) -> str:
    """A UTF-16 unit for each of the page's characters; empty for a page without any, or with too many."""
    count = raw.FPDFText_CountChars(text_page)
    if not 0 < count <= _MAX_CHARACTERS:
        return ""
    # In one call, unless that leaves characters out.
    units = (ctypes.c_ushort * (2 * count + 1))()
    if raw.FPDFText_GetText(text_page, 0, count, units) == count + 1:
        text = bytes(memoryview(units)[:count]).decode("utf-16-le", "surrogatepass")
        if len(text) < count:  # it has characters of two units
            text = "".join(map(chr, units[:count]))
        return text.replace(_HYPHEN_IN_TEXT, _HYPHEN)
    return "".join(chr(raw.FPDFText_GetUnicode(text_page, index)) for index in range(count))


def _is_garbage(text_page: Any, text: str) -> bool:
    """Whether too few of the characters have a meaning, as with fonts that have no map to Unicode."""
    sample = _sample(text)
    bad = sum(
        _is_meaningless(text[index]) or raw.FPDFText_HasUnicodeMapError(text_page, index) == 1 for index in sample
    )
    return bool(bad > _MOST_GARBAGE * len(sample))


def _sample(text: str) -> list[int]:
    """Some of the characters of a text that are no spaces, all over it."""
    found = [index for index in range(0, len(text), max(1, len(text) // _SAMPLE)) if text[index] not in _SPACES]
    if 2 * len(found) >= min(len(text), _SAMPLE):
        return found
    shown = [index for index, char in enumerate(text) if char not in _SPACES]
    return shown[:: max(1, len(shown) // _SAMPLE)]


def _is_meaningless(char: str) -> bool:
    return char == _REPLACEMENT or (char != _HYPHEN and unicodedata.category(char) in ("Co", "Cn", "Cc"))


def _words(text_page: Any, text: str, to_view: _Transform) -> Iterator[_PlacedWord]:
    """The words in the order of the content."""
    left, top, right, bottom, x, y = (ctypes.c_double() for _ in range(6))
    loose = raw.FS_RECTF()
    for match in _WORD.finditer(text):
        start, end = match.span()
        raw.FPDFText_GetLooseCharBox(text_page, start, loose)
        raw.FPDFText_GetCharOrigin(text_page, start, x, y)
        _, over, _, under = to_view(loose.left, loose.bottom, loose.right, loose.top)
        boxes = []
        for index in range(raw.FPDFText_CountRects(text_page, start, end - start)):
            raw.FPDFText_GetRect(text_page, index, left, top, right, bottom)
            boxes.append(to_view(left.value, bottom.value, right.value, top.value))
        if len(boxes) == 1:
            box = boxes[0]
        else:
            x0, y0, x1, y1 = zip(*(boxes or [to_view(loose.left, loose.bottom, loose.right, loose.top)]), strict=True)
            box = (min(x0), min(y0), max(x1), max(y1))
        _, baseline, _, _ = to_view(x.value, y.value, x.value, y.value)
        ends_line = end == len(text) or text[end] in _BREAKS
        yield _PlacedWord(_whole(match[0]).replace(_HYPHEN, "-"), box, baseline, under - over, ends_line)


def _whole(units: str) -> str:
    """The text of UTF-16 units."""
    if units.isascii():
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _view_transform(page: Any, size: tuple[int, int]) -> _Transform:
    """The function from a box of the page to pixels of the view; the page's rotation is a multiple of 90°."""
    units = 1 << 16
    corners = []
    for x, y in ((0, 0), (units, 0), (0, units)):
        page_x, page_y = ctypes.c_double(), ctypes.c_double()
        raw.FPDF_DeviceToPage(page, 0, 0, units, units, 0, x, y, page_x, page_y)
        corners.append((page_x.value, page_y.value))
    (ox, oy), (ax, ay), (bx, by) = corners
    a, b, c, d = ax - ox, bx - ox, ay - oy, by - oy
    determinant = a * d - b * c
    width, height = size[0] / determinant, size[1] / determinant
    a, b, c, d = a * height, b * width, c * height, d * width

    def to_view(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = x0 - ox, y0 - oy, x1 - ox, y1 - oy
        u0, v0 = d * x0 - b * y0, a * y0 - c * x0
        u1, v1 = d * x1 - b * y1, a * y1 - c * x1
        return (min(u1, u0)), (min(v1, v0)), (max(u0, u1)), (max(v0, v1))

    return to_view


def _lines(words: Iterator[_PlacedWord]) -> Iterator[list[_PlacedWord]]:
    """Runs of words that stand on one baseline."""
    line: list[_PlacedWord] = []
    for word in words:
        if line and (line[-1].ends_line or not _continues(line[-1], word)):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _continues(last: _PlacedWord, following: _PlacedWord) -> bool:
    height = max(last.height, following.height)
    if abs(last.baseline - following.baseline) > _SAME_LINE * height:
        # Text that runs up or down the page has words above one another.
        overlap = min(last.box[2], following.box[2]) - max(last.box[0], following.box[0])
        return overlap > 0 and _gap(last, following, 1) < height and last.box[3] - last.box[1] > height
    return _gap(last, following, 0) < _COLUMN_GAP * height


def _gap(first: _PlacedWord, second: _PlacedWord, axis: int) -> float:
    """Distance of two boxes along an axis."""
    return max(first.box[axis] - second.box[axis + 2], second.box[axis] - first.box[axis + 2])


def _line(words: Sequence[_PlacedWord]) -> Line:
    placed = tuple(Word(word.text, _pixels(word.box), 1.0) for word in words)
    box = around(word.bbox for word in placed)
    base = words[0].baseline
    return Line(box, placed, (float(box[0]), base, float(box[2]), base), max(word.height for word in words))


def _pixels(box: tuple[float, float, float, float]) -> Box:
    """The box in whole pixels, never empty."""
    left, top, right, bottom = int(box[0]), int(box[1]), round(box[2]), round(box[3])
    if 0 <= left < right and 0 <= top < bottom:  # as nearly all are
        return left, top, right, bottom
    left, top = max(0, left), max(0, top)
    return left, top, max(left + 1, right), max(top + 1, bottom)


def _blocks(lines: Sequence[Line]) -> Iterator[Block]:
    """Lines under one another as paragraphs, and paragraphs close to one another as blocks."""
    paragraphs: list[list[Line]] = [[lines[0]]]
    starts_block = [True]
    for previous, line in pairwise(lines):
        gap = _line_gap(previous, line)
        if gap is None or gap > _PARAGRAPH_GAP:
            paragraphs.append([line])
            starts_block.append(gap is None or gap > _BLOCK_GAP)
        else:
            paragraphs[-1].append(line)
    block: list[Paragraph] = []
    for members, starts in zip(paragraphs, starts_block, strict=True):
        if starts and block:
            yield _block(block)
            block = []
        block.append(Paragraph(around(line.bbox for line in members), tuple(members)))
    yield _block(block)


def _block(paragraphs: Sequence[Paragraph]) -> Block:
    return Block(around(paragraph.bbox for paragraph in paragraphs), tuple(paragraphs))


def _line_gap(above: Line, below: Line) -> float | None:
    """Line heights between two lines; None where the second does not stand under the first."""
    height = max(above.height, below.height, 1.0)
    overlap = min(above.bbox[2], below.bbox[2]) - max(above.bbox[0], below.bbox[0])
    if overlap <= 0 or below.bbox[1] < above.bbox[1]:
        return None
    return (below.bbox[1] - above.bbox[3]) / height
