"""The layout of a page as it crosses the wire: page → blocks → paragraphs → lines → words.

Boxes are ``(x0, y0, x1, y1)`` in pixels, origin top left, x1 and y1 exclusive. Confidence is 0-1.
The classes have no slots: pickling a frozen class with slots asks for its fields one by one, for hundreds of words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

Box = tuple[int, int, int, int]


def around(boxes: Iterable[Box]) -> Box:
    """Bounding box of one or more boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def mean_confidence(words: Iterable[Word]) -> float:
    """Mean word confidence, 0-1; 0 with no words."""
    values = [word.confidence for word in words]
    return sum(values) / len(values) if values else 0.0


class Word(Struct, frozen=True):
    text: str
    bbox: Box
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()
    """Other readings with their confidence, the likeliest first; none unless asked for."""


class Line(Struct, frozen=True):
    bbox: Box
    words: tuple[Word, ...]
    baseline: tuple[float, float, float, float]
    """Two points ``(x0, y0, x1, y1)`` on the baseline, in page pixels."""
    height: float
    """Height of the row from descenders to ascenders, pixels."""

    def iter_words(self) -> Iterator[Word]:
        return iter(self.words)


class Paragraph(Struct, frozen=True):
    bbox: Box
    lines: tuple[Line, ...]

    def iter_words(self) -> Iterator[Word]:
        return (word for line in self.lines for word in line.words)


class Block(Struct, frozen=True):
    bbox: Box
    paragraphs: tuple[Paragraph, ...]

    def iter_words(self) -> Iterator[Word]:
        return (word for paragraph in self.paragraphs for word in paragraph.iter_words())


class PageLayout(Struct, frozen=True):
    width: int
    height: int
    blocks: tuple[Block, ...]

    def iter_words(self) -> Iterator[Word]:
        return (word for block in self.blocks for word in block.iter_words())

    def iter_lines(self) -> Iterator[Line]:
        return (line for block in self.blocks for paragraph in block.paragraphs for line in paragraph.lines)


class RecognitionResult(Struct, frozen=True):
    """What Tesseract read on one page.

    ``confidence`` is the mean of its words, 0 to 1, 0 without words. ``layout`` is in pixels of the page as the engine
    got it, None if it was not requested.
    """

    text: str
    confidence: float
    layout: PageLayout | None


def confident_part(page: PageLayout, least: float) -> PageLayout:
    """The page without words of a confidence below ``least``, and without what is empty then."""

    def line(part: Line) -> Line:
        return replace(part, words=tuple(word for word in part.words if word.confidence >= least))

    def paragraph(part: Paragraph) -> Paragraph:
        return replace(part, lines=tuple(kept for found in part.lines if (kept := line(found)).words))

    def block(part: Block) -> Block:
        kept = (paragraph(found) for found in part.paragraphs)
        return replace(part, paragraphs=tuple(found for found in kept if found.lines))

    kept = (block(part) for part in page.blocks)
    return replace(page, blocks=tuple(part for part in kept if part.paragraphs))


def _confidence(part: Line | Paragraph | Block | PageLayout) -> float:
    return round(mean_confidence(part.iter_words()), 4)


def to_json(page: PageLayout) -> dict[str, Any]:
    """The JSON object of one page, as the ``words`` output carries it."""
    return {
        "width": page.width,
        "height": page.height,
        "confidence": _confidence(page),
        "blocks": [_block_to_json(block) for block in page.blocks],
    }


def _block_to_json(block: Block) -> dict[str, Any]:
    return {
        "bbox": block.bbox,
        "confidence": _confidence(block),
        "paragraphs": [
            {
                "bbox": paragraph.bbox,
                "confidence": _confidence(paragraph),
                "lines": [_line_to_json(line) for line in paragraph.lines],
            }
            for paragraph in block.paragraphs
        ],
    }


def _line_to_json(line: Line) -> dict[str, Any]:
    return {
        "bbox": line.bbox,
        "confidence": _confidence(line),
        "baseline": [round(value, 2) for value in line.baseline],
        "height": round(line.height, 2),
        "words": [_word_to_json(word) for word in line.words],
    }


def _word_to_json(word: Word) -> dict[str, Any]:
    value: dict[str, Any] = {"text": word.text, "bbox": word.bbox, "confidence": round(word.confidence, 4)}
    if word.alternatives:
        others = [{"text": text, "confidence": round(confidence, 4)} for text, confidence in word.alternatives]
        value["alternatives"] = others
    return value


def from_json(value: dict[str, Any]) -> PageLayout:
    """The page that :func:`to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
    return PageLayout(
        width=int(value["width"]),
        height=int(value["height"]),
        blocks=tuple(_block_from_json(block) for block in value["blocks"]),
    )


def _box(value: list[int]) -> Box:
    x0, y0, x1, y1 = value
    return int(x0), int(y0), int(x1), int(y1)


def _block_from_json(value: dict[str, Any]) -> Block:
    return Block(
        bbox=_box(value["bbox"]),
        paragraphs=tuple(
            Paragraph(
                bbox=_box(paragraph["bbox"]),
                lines=tuple(_line_from_json(line) for line in paragraph["lines"]),
            )
            for paragraph in value["paragraphs"]
        ),
    )


def _line_from_json(value: dict[str, Any]) -> Line:
    x0, y0, x1, y1 = value["baseline"]
    return Line(
        bbox=_box(value["bbox"]),
        baseline=(float(x0), float(y0), float(x1), float(y1)),
        height=float(value["height"]),
        words=tuple(
            Word(
                text=word["text"],
                bbox=_box(word["bbox"]),
                confidence=float(word["confidence"]),
                alternatives=tuple(
                    (str(other["text"]), float(other["confidence"])) for other in word.get("alternatives", ())
                ),
            )
            for word in value["words"]
        ),
    )
