"""Noise that the engine took for text: symbols and lines that it doubts itself."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around

SYMBOL_CONFIDENCE = 0.5
"""Confidence from which a word without any letter or digit stays."""
LINE_CONFIDENCE = 0.4
"""Mean confidence, weighted by length, below which a line is uncertain: it stays if letters have a letter's size."""
LOW, HIGH = 0.6, 2.0
"""Heights of such a line, in usual heights of the page."""
NARROW, WIDE = 0.3, 1.3
"""Widths of its letters, in usual heights of the page."""
RELIABLE = 0.3
"""Confidence of words that the usual height is taken from."""


def usual_height(words: Sequence[Word]) -> float:
    """Median height of the words that are no noise, pixels; 1 without any."""
    heights = [word.bbox[3] - word.bbox[1] for word in words if word.confidence >= RELIABLE and is_readable(word.text)]
    return float(max(1, median(heights or [1])))


def is_readable(text: str) -> bool:
    """Whether the text has a letter or digit."""
    return any(map(str.isalnum, text))


def without_noise(layout: PageLayout) -> PageLayout:
    """The page without uncertain symbols, and without uncertain lines whose letters are out of proportion.

    The page as it is if nothing would be left.
    """
    usual = usual_height(list(layout.iter_words()))
    blocks = tuple(cleaned for block in layout.blocks if (cleaned := _clean_block(block, usual)) is not None)
    if blocks == layout.blocks or not blocks:
        return layout
    return PageLayout(layout.width, layout.height, blocks)


def _clean_block(block: Block, usual: float) -> Block | None:
    parts = tuple(part for paragraph in block.paragraphs if (part := _clean_paragraph(paragraph, usual)) is not None)
    if parts == block.paragraphs:
        return block
    return Block(around(part.bbox for part in parts), parts) if parts else None


def _clean_paragraph(paragraph: Paragraph, usual: float) -> Paragraph | None:
    lines = tuple(line for source in paragraph.lines if (line := _clean_line(source, usual)) is not None)
    if lines == paragraph.lines:
        return paragraph
    return Paragraph(around(line.bbox for line in lines), lines) if lines else None


def _clean_line(line: Line, usual: float) -> Line | None:
    words = tuple(word for word in line.words if word.confidence >= SYMBOL_CONFIDENCE or is_readable(word.text))
    if not words or _is_noise(words, usual):
        return None
    if len(words) == len(line.words):
        return line
    return Line(around(word.bbox for word in words), words, line.baseline, line.height)


def _is_noise(words: Sequence[Word], usual: float) -> bool:
    letters = sum(len(word.text) for word in words)
    if sum(word.confidence * len(word.text) for word in words) >= LINE_CONFIDENCE * letters:
        return False
    height = median(word.bbox[3] - word.bbox[1] for word in words) / usual
    width = sum(word.bbox[2] - word.bbox[0] for word in words) / usual / letters
    return not (LOW <= height <= HIGH and NARROW <= width <= WIDE)
