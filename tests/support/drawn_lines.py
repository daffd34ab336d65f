"""Lines of 40 pixels: capitals stand on the baseline at 130 and are 30 pixels high."""

from __future__ import annotations

from kserve_ocr.protocol.layout import Line, Word, around

BASE, HEIGHT, SPACE = 130, 40, 14


def word(text: str, x: int, *, top: int = BASE - 30, bottom: int = BASE, width: int | None = None) -> Word:
    return Word(text, (x, top, x + (15 * len(text) if width is None else width), bottom), 0.9)


def row(*texts: str, gaps: tuple[int, ...] = ()) -> Line:
    """A line of words with a usual space between them, or the given gaps."""
    words: list[Word] = []
    x = 100
    for number, text in enumerate(texts):
        words.append(word(text, x))
        x = words[-1].bbox[2] + (gaps[number] if number < len(gaps) else SPACE)
    return line(*words)


def line(*words: Word) -> Line:
    box = around(word.bbox for word in words)
    return Line(box, words, (float(box[0]), float(BASE), float(box[2]), float(BASE)), float(HEIGHT))
