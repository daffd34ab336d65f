"""Tesseract's result iterator as a page layout."""

from __future__ import annotations

from dataclasses import dataclass, field

import tesserocr

from protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word

_BLOCK, _PARAGRAPH = tesserocr.RIL.BLOCK, tesserocr.RIL.PARA
_LINE, _WORD = tesserocr.RIL.TEXTLINE, tesserocr.RIL.WORD


def word_confidences(results: tesserocr.PyResultIterator | None) -> list[float]:
    """The confidence, from 0 to 1, of every word that has text."""
    if results is None or results.Empty(_WORD):
        return []
    values = []
    while True:
        if results.GetUTF8Text(_WORD).strip():
            values.append(results.Confidence(_WORD) / 100)
        if not results.Next(_WORD):
            return values


def page_layout(results: tesserocr.PyResultIterator | None, *, width: int, height: int) -> PageLayout:
    """The layout of the recognised page, ``width`` by ``height`` pixels. Blocks without text (pictures) are absent."""
    if results is None or results.Empty(_WORD):
        return PageLayout(width=width, height=height, blocks=())
    blocks: list[_Block] = []
    while True:
        if results.IsAtBeginningOf(_BLOCK):
            blocks.append(_Block(results.BoundingBox(_BLOCK)))
        if results.IsAtBeginningOf(_PARAGRAPH):
            blocks[-1].paragraphs.append(_Paragraph(results.BoundingBox(_PARAGRAPH)))
        if results.IsAtBeginningOf(_LINE):
            blocks[-1].paragraphs[-1].lines.append(_line(results))
        text = results.GetUTF8Text(_WORD)
        if text.strip():
            box = results.BoundingBox(_WORD)
            blocks[-1].paragraphs[-1].lines[-1].words.append(Word(text, box, results.Confidence(_WORD) / 100))
        if not results.Next(_WORD):
            break
    finished = (block.finish() for block in blocks)
    return PageLayout(width=width, height=height, blocks=tuple(block for block in finished if block.paragraphs))


@dataclass
class _Line:
    bbox: Box
    baseline: tuple[float, float, float, float]
    height: float
    words: list[Word] = field(default_factory=list)

    def finish(self) -> Line:
        return Line(self.bbox, tuple(self.words), self.baseline, self.height)


@dataclass
class _Paragraph:
    bbox: Box
    lines: list[_Line] = field(default_factory=list)

    def finish(self) -> Paragraph:
        return Paragraph(self.bbox, tuple(line.finish() for line in self.lines if line.words))


@dataclass
class _Block:
    bbox: Box
    paragraphs: list[_Paragraph] = field(default_factory=list)

    def finish(self) -> Block:
        finished = (paragraph.finish() for paragraph in self.paragraphs)
        return Block(self.bbox, tuple(paragraph for paragraph in finished if paragraph.lines))


def _line(results: tesserocr.PyResultIterator) -> _Line:
    box: Box = results.BoundingBox(_LINE)
    x0, _, x1, y1 = box
    points = results.Baseline(_LINE)
    baseline = (float(x0), float(y1), float(x1), float(y1))  # an empty line has none
    if points is not None:
        (left, left_y), (right, right_y) = points
        baseline = float(left), float(left_y), float(right), float(right_y)
    return _Line(box, baseline, float(results.RowAttributes()["row_height"]))
