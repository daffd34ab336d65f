"""Signs that the engine takes for letters, or the other way round, told by their boxes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, Word

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

_BLANK: Final = re.compile(r"^_+(?=[A-Z][a-z])|(?<=[^\W_])_+$|(?<=:)_+$")
"""Part of a line to write on, before or after a word; names in programs begin with a small letter."""

_GRAVE: Final = "\u00c0"

_DOUBTED: Final = 0.9
"""Confidence of a word below which its last sign is looked at."""
_COMMA_DEPTH: Final = 0.05
"""Heights of the line by which a comma reaches below the baseline at least."""
_LEAST_HEIGHT: Final = 24.0
"""Pixels; lower lines have tails of commas that disappear."""
_ON_BASELINE: Final = frozenset(
    "abcdehiklmnorstuvwxzABCDEFGHIKLMNOPRSTUVWXYZ0123456789.'!?\"äöüàâéèêëîïôûùÄÖÜÀÂÉÈÊËÎÏÔÛÙß"
)
"""Characters that end on the baseline."""


def renamed(word: Word, number: int, line: Line) -> Word:
    """The word with this ``number`` in its line: a bar of a capital's size is I, a raised round "e" a bullet.

    A comma that ends on the baseline is a full stop, À within a sentence is à, and blanks to fill in are no letters.
    """
    if word.text == _BAR and _is_capital(word, line):
        return replace(word, text="I")
    if word.text in _TAKEN_FOR_BULLETS and len(line.words) > 1 and _is_bullet(word, number, line):
        return replace(word, text=_BULLET)
    if word.text.endswith(",") and word.confidence < _DOUBTED and _is_full_stop(word, line):
        return replace(word, text=word.text[:-1] + ".")
    if word.text == _GRAVE and _is_within_sentence(line.words, number):
        return replace(word, text=_GRAVE.lower())
    return replace(word, text=_BLANK.sub("", word.text)) if _BLANK.search(word.text) else word


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


def _is_full_stop(word: Word, line: Line) -> bool:
    """Whether a word that ends in a comma has nothing below the baseline, where all commas reach."""
    text = word.text[:-1]
    if not text or line.height < _LEAST_HEIGHT:
        return False
    return _ON_BASELINE.issuperset(text) and _place(word, line)[1] < _COMMA_DEPTH


def _is_within_sentence(words: Sequence[Word], number: int) -> bool:
    """Whether words in small letters stand on both sides of one, with no sign between them but a comma before it."""
    if not 0 < number < len(words) - 1:
        return False
    before = words[number - 1].text.removesuffix(",")
    return before[-1:].islower() and words[number + 1].text[:1].islower()


def _place(word: Word, line: Line) -> tuple[float, float]:
    """Height of a word, and how far it reaches below the baseline, in heights of the line."""
    x0, y0, _, y1 = word.bbox
    left, start, right, end = line.baseline
    base = start + (end - start) * (x0 - left) / max(1.0, right - left)
    height = max(1.0, line.height)
    return (y1 - y0) / height, (y1 - base) / height
