"""The text that a PDF page has of its own, with boxes, as PDFium finds it."""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

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
_LINE_FEED: Final = 0x0A
_SPACES: Final = frozenset({0x20, 0x09, 0xA0, 0x3000})
_BREAKS: Final = frozenset({0x0D, _LINE_FEED})
"""How PDFium marks the end of a line."""
_HYPHEN: Final = 0x02
"""What PDFium makes of a hyphen at the end of a line."""
_REPLACEMENT: Final = 0xFFFD
_SAMPLE: Final = 300
"""Characters that are looked at to judge all."""

_Transform = Callable[[float, float, float, float], tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class _PlacedWord:
    """A word with its position in pixels of the page as shown."""

    text: str
    box: tuple[float, float, float, float]
    baseline: float
    height: float
    """Of its font, from descenders to ascenders."""
    ends_line: bool
    """Whether PDFium found a line to end after it."""


def extract(page: Any, size: tuple[int, int]) -> PageLayout | None:
    """The text of a PDFium page as a layout in pixels of a view of ``size``.

    None for a page without text, or whose text is garbage: characters that lead to no Unicode value.
    """
    text_page = raw.FPDFText_LoadPage(page)
    if not text_page:
        return None
    try:
        count = raw.FPDFText_CountChars(text_page)
        if not 0 < count <= _MAX_CHARACTERS:
            return None
        codes = [raw.FPDFText_GetUnicode(text_page, index) for index in range(count)]
        if sum(chr(code).isalnum() for code in codes) < _LEAST_LETTERS or _is_garbage(text_page, codes):
            return None
        lines = [_line(words) for words in _lines(_words(text_page, codes, _view_transform(page, size)))]
    finally:
        raw.FPDFText_ClosePage(text_page)
    return PageLayout(*size, blocks=tuple(_blocks(lines))) if lines else None


def _is_garbage(text_page: Any, codes: Sequence[int]) -> bool:
    """Whether too few of the characters have a meaning, as with fonts that have no map to Unicode."""
    shown = [index for index, code in enumerate(codes) if code not in _SPACES]
    sample = shown[:: max(1, len(shown) // _SAMPLE)]
    bad = sum(
        _is_meaningless(codes[index]) or raw.FPDFText_HasUnicodeMapError(text_page, index) == 1 for index in sample
    )
    return bool(bad > _MOST_GARBAGE * len(sample))


def _is_meaningless(code: int) -> bool:
    return code == _REPLACEMENT or (code != _HYPHEN and unicodedata.category(chr(code)) in ("Co", "Cn", "Cc", "Cs"))


def is_invisible(page: Any) -> bool:
    """Whether most of a PDFium page's text is the invisible layer of an earlier recognition."""
    text_page = raw.FPDFText_LoadPage(page)
    try:
        count = raw.FPDFText_CountChars(text_page)
        modes = [
            raw.FPDFTextObj_GetTextRenderMode(found)
            for index in range(0, count, max(1, count // _SAMPLE))
            if (found := raw.FPDFText_GetTextObject(text_page, index))
        ]
    finally:
        raw.FPDFText_ClosePage(text_page)
    return 2 * modes.count(raw.FPDF_TEXTRENDERMODE_INVISIBLE) > len(modes)


def _words(text_page: Any, codes: Sequence[int], to_view: _Transform) -> Iterator[_PlacedWord]:
    """The words in the order of the content."""
    start = None
    for index, code in enumerate([*codes, _LINE_FEED]):
        ends = code in _SPACES or code in _BREAKS
        if not ends and start is None:
            start = index
        elif ends and start is not None:
            text = "".join("-" if value == _HYPHEN else chr(value) for value in codes[start:index])
            yield _placed(text_page, text, start, index - start, to_view, ends_line=code in _BREAKS)
            start = None


def _placed(  # noqa: PLR0913 - a range of characters of a page, and how to see it
    text_page: Any, text: str, start: int, count: int, to_view: _Transform, *, ends_line: bool
) -> _PlacedWord:
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    boxes = []
    for index in range(raw.FPDFText_CountRects(text_page, start, count)):
        raw.FPDFText_GetRect(text_page, index, left, top, right, bottom)
        boxes.append(to_view(left.value, bottom.value, right.value, top.value))
    loose, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetLooseCharBox(text_page, start, loose)
    raw.FPDFText_GetCharOrigin(text_page, start, x, y)
    font = to_view(loose.left, loose.bottom, loose.right, loose.top)
    _, baseline, _, _ = to_view(x.value, y.value, x.value, y.value)
    x0, y0, x1, y1 = zip(*(boxes or [font]), strict=True)
    return _PlacedWord(text, (min(x0), min(y0), max(x1), max(y1)), baseline, font[3] - font[1], ends_line)


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

    def to_view(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        u0, v0 = (d * (x0 - ox) - b * (y0 - oy)) * width, (a * (y0 - oy) - c * (x0 - ox)) * height
        u1, v1 = (d * (x1 - ox) - b * (y1 - oy)) * width, (a * (y1 - oy) - c * (x1 - ox)) * height
        return min(u0, u1), min(v0, v1), max(u0, u1), max(v0, v1)

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
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    return left, top, max(left + 1, round(box[2])), max(top + 1, round(box[3]))


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
