"""Builds a page layout from Tesseract's parts in reading order."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word

_DIRECTION_MARKS: Final = dict.fromkeys(map(ord, "\u200e\u200f"))
"""Invisible marks with which Tesseract surrounds words against the direction of their line; a word needs none."""


class _Open(Struct):
    """A block, paragraph or line whose parts are still coming."""

    bbox: Box
    baseline: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    height: float = 0.0
    parts: list[_Open] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


class LayoutBuilder:
    """Each part belongs to the last one of the level above. Parts without text (pictures, rules) are left out."""

    def __init__(self) -> None:
        self._blocks: list[_Open] = []

    def block(self, bbox: Box) -> None:
        self._blocks.append(_Open(bbox))

    def paragraph(self, bbox: Box) -> None:
        self._blocks[-1].parts.append(_Open(bbox))

    def line(self, bbox: Box, *, baseline: tuple[float, float, float, float], height: float) -> None:
        self._blocks[-1].parts[-1].parts.append(_Open(bbox, baseline, height))

    def word(self, word: Word) -> None:
        text = word.text.translate(_DIRECTION_MARKS)
        if text.strip():
            self._blocks[-1].parts[-1].parts[-1].words.append(replace(word, text=text))

    def page(self, *, width: int, height: int) -> PageLayout:
        """The finished page, ``width`` by ``height`` pixels."""
        blocks = [Block(block.bbox, _paragraphs(block)) for block in self._blocks]
        return PageLayout(width, height, tuple(block for block in blocks if block.paragraphs))


def _paragraphs(block: _Open) -> tuple[Paragraph, ...]:
    paragraphs = [Paragraph(paragraph.bbox, _lines(paragraph)) for paragraph in block.parts]
    return tuple(paragraph for paragraph in paragraphs if paragraph.lines)


def _lines(paragraph: _Open) -> tuple[Line, ...]:
    return tuple(
        Line(line.bbox, tuple(line.words), line.baseline, line.height) for line in paragraph.parts if line.words
    )
