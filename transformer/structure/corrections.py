"""Signs that the engine takes for others, and words that it tears apart, told by their boxes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Final

from kserve_ocr.protocol.layout import Line, PageLayout, Word, around
from transformer.structure.changes import change_lines, with_words

_BAR: Final = "|"
_BAR_HEIGHT: Final = (0.55, 0.92)
"""Heights of a capital letter, in heights of its line; a bar is higher ..."""
_BAR_DEPTH: Final = 0.1
"""... and reaches below the baseline by more than this."""
_BAR_COMPANY: Final = 2
"""Words with letters that a line has beside it: the cells of an empty table have bars, too."""

_BULLET: Final = "\u2022"
_TAKEN_FOR_BULLETS: Final = frozenset("e¢")
_BULLET_HEIGHT: Final = (0.25, 0.5)
_BULLET_WIDTH: Final = (0.75, 1.35)
"""Width of a bullet, in its heights."""
_BULLET_RISE: Final = (0.1, 0.27)
"""Heights of the line between the baseline and a bullet: letters stand on it, raised ones are higher."""

_DASH: Final = "\u2014"
_HYPHENS: Final = re.compile(r"=|[=-]{2,3}")
"""What a dash is taken for in blackletter, whose hyphens are double."""

_AMOUNT: Final = re.compile(r"(?:^|\D)\d{1,4}\.")
_CENTS: Final = re.compile(r"\d\d(?:\D.*)?")
_AMOUNT_GAP: Final = (0.6, 0.75)
"""Widest gap inside an amount: in heights of the line, and in other gaps of the line."""
_NAME: Final = re.compile(r".*[^\W\d][.:/_-]|.*\d[:/_-]")
_NAME_GAP: Final = (0.32, 0.45)
"""The same inside a name of a file: a full stop that ends a sentence has more space after it than other words."""
_LONE_GAP: Final = 0.5
"""Widest gap inside an amount, in heights of the line, where the line has no other gap."""


def corrected(layout: PageLayout, *, blackletter: bool = False) -> PageLayout:
    """The page with capital I for bars of its size, bullets for the letters that they look like, and torn words joined.

    ``layout`` has level lines in Latin script; in ``blackletter``, signs of several hyphens become dashes, too.
    """
    blocks = change_lines(layout.blocks, lambda line: _corrected(line, blackletter=blackletter))
    return layout if blocks == layout.blocks else replace(layout, blocks=blocks)


def _corrected(line: Line, *, blackletter: bool) -> Line | None:
    words = [_renamed(word, number, line) for number, word in enumerate(line.words)]
    if blackletter:
        words = [replace(word, text=_DASH) if _HYPHENS.fullmatch(word.text) else word for word in words]
    return with_words(line, tuple(_joined(words, line.height)))


def _renamed(word: Word, number: int, line: Line) -> Word:
    if word.text == _BAR and _is_capital(word, line):
        return replace(word, text="I")
    if word.text in _TAKEN_FOR_BULLETS and len(line.words) > 1 and _is_bullet(word, number, line):
        return replace(word, text=_BULLET)
    return word


def _is_capital(word: Word, line: Line) -> bool:
    height, below = _place(word, line)
    if not _BAR_HEIGHT[0] <= height <= _BAR_HEIGHT[1] or abs(below) > _BAR_DEPTH:
        return False
    return sum(any(map(str.isalpha, other.text)) for other in line.words) >= _BAR_COMPANY


def _is_bullet(word: Word, number: int, line: Line) -> bool:
    height, below = _place(word, line)
    x0, y0, x1, y1 = word.bbox
    round_ = _BULLET_WIDTH[0] <= (x1 - x0) / max(1, y1 - y0) <= _BULLET_WIDTH[1]
    return (
        round_
        and _BULLET_HEIGHT[0] <= height <= _BULLET_HEIGHT[1]
        and _BULLET_RISE[0] <= -below <= _BULLET_RISE[1]
        and number < len(line.words) - 1
    )


def _place(word: Word, line: Line) -> tuple[float, float]:
    """Height of a word, and how far it reaches below the baseline, in heights of the line."""
    x0, y0, _, y1 = word.bbox
    left, start, right, end = line.baseline
    base = start + (end - start) * (x0 - left) / max(1.0, right - left)
    height = max(1.0, line.height)
    return (y1 - y0) / height, (y1 - base) / height


def _joined(words: list[Word], height: float) -> list[Word]:
    """The words with amounts and names joined that were torn after a full stop."""
    gaps = [second.bbox[0] - first.bbox[2] for first, second in pairwise(words)]
    joined = words[:1]
    for number, word in enumerate(words[1:]):
        others = [*gaps[:number], *gaps[number + 1 :]]
        if _is_torn(joined[-1], word, gaps[number], others, height):
            joined[-1] = _one(joined[-1], word)
        else:
            joined.append(word)
    return joined


def _is_torn(first: Word, second: Word, gap: float, others: Sequence[float], height: float) -> bool:
    if gap < 0:
        return False
    usual = median(others) if others else None
    if _AMOUNT.search(first.text[-6:]) and first.text.endswith(".") and _CENTS.fullmatch(second.text):
        return gap <= _LONE_GAP * height if usual is None else _is_narrow(gap, usual, height, _AMOUNT_GAP)
    goes_on = second.text[0].islower() or second.text[0].isdigit()
    return bool(
        usual is not None and goes_on and _NAME.fullmatch(first.text) and _is_narrow(gap, usual, height, _NAME_GAP)
    )


def _is_narrow(gap: float, usual: float, height: float, limits: tuple[float, float]) -> bool:
    return gap <= limits[0] * height and gap <= limits[1] * usual


def _one(first: Word, second: Word) -> Word:
    letters = len(first.text) + len(second.text)
    confidence = (first.confidence * len(first.text) + second.confidence * len(second.text)) / letters
    return Word(first.text + second.text, around([first.bbox, second.bbox]), confidence)
