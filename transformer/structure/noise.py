"""Noise that the engine took for text: symbols and lines that it doubts itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import median

from kserve_ocr.protocol.layout import Line, PageLayout, Word
from transformer.structure.changes import change_lines, with_words

SYMBOL_CONFIDENCE = 0.5
"""Confidence from which a word without any letter or digit stays."""
LINE_CONFIDENCE = 0.4
"""Mean confidence, weighted by length, below which a line is uncertain: it stays if letters have a letter's size."""
LOW, HIGH = 0.6, 2.0
"""Heights of such a line, in usual heights of the page."""
NARROW, WIDE = 0.3, 1.3
"""Widths of its letters, in usual heights of the page."""
FLAT = 0.2
"""Height, in heights of the line, below which a box has no room for letters: of rules and creases ..."""
FLAT_CHARACTERS = re.compile(r"[|\w.,:;]*[|\w][|\w.,:;]*", re.ASCII)
"""... that were taken for these characters."""
SHORT = 3
"""Letters of a line, or of a word at its end, that may be a speck ..."""
SHORT_CONFIDENCE = 0.5
"""... if its confidence is lower ..."""
SHORT_MARGIN = 0.2
"""... and that of the rest of the line higher by this much. Between both there is ..."""
SHORT_GAP = 1.2
"""... a gap this wide, in heights of the line: what stands at the edge of a photo or beside a picture."""
SURE_LINE = 0.85
"""Mean confidence, weighted by length, from which a line is not looked at again."""
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
    blocks = change_lines(layout.blocks, lambda line: _clean_line(line, usual))
    if blocks == layout.blocks or not blocks:
        return layout
    return PageLayout(layout.width, layout.height, blocks)


def _clean_line(line: Line, usual: float) -> Line | None:
    words = tuple(word for word in line.words if _may_stand(word, line.height))
    words = _without_specks(words, line.height)
    return None if not words or _is_noise(words, usual) else with_words(line, words)


def _may_stand(word: Word, height: float) -> bool:
    """Whether a word in a line of this height is neither an uncertain symbol nor too flat for what it says."""
    if word.bbox[3] - word.bbox[1] < FLAT * height and FLAT_CHARACTERS.fullmatch(word.text):
        return False
    return word.confidence >= SYMBOL_CONFIDENCE or is_readable(word.text)


def _without_specks(words: tuple[Word, ...], height: float) -> tuple[Word, ...]:
    """The words without short uncertain ones that stand apart at either end of a line of this height."""
    first, last = 0, len(words)
    while last - first > 1 and _is_speck(words[first], words[first + 1 : last], height):
        first += 1
    while last - first > 1 and _is_speck(words[last - 1], words[first : last - 1], height):
        last -= 1
    return words[first:last]


def _is_speck(word: Word, rest: Sequence[Word], height: float) -> bool:
    if len(word.text) > SHORT or word.confidence >= SHORT_CONFIDENCE:
        return False
    x0, _, x1, _ = word.bbox
    gap = min(max(other.bbox[0] - x1, x0 - other.bbox[2]) for other in rest)
    return gap >= SHORT_GAP * height and confidence(rest) >= word.confidence + SHORT_MARGIN


def text_length(words: Iterable[Word]) -> int:
    """The number of characters of some words."""
    return sum(len(word.text) for word in words)


def confidence(words: Sequence[Word]) -> float:
    """Mean confidence of some words, weighted by their length."""
    return sum(word.confidence * len(word.text) for word in words) / text_length(words)


def is_sure(line: Line) -> bool:
    """Whether the line was recognized so well that another look at it is not worth it."""
    return confidence(line.words) >= SURE_LINE


def _is_noise(words: Sequence[Word], usual: float) -> bool:
    letters = text_length(words)
    sure = confidence(words)
    if letters <= SHORT and sure < SHORT_CONFIDENCE:
        return True
    if sure >= LINE_CONFIDENCE:
        return False
    height = median(word.bbox[3] - word.bbox[1] for word in words) / usual
    width = sum(word.bbox[2] - word.bbox[0] for word in words) / usual / letters
    return not (LOW <= height <= HIGH and NARROW <= width <= WIDE)
