"""Words that the engine tears apart at a full stop or before a sign, joined by the gaps of their line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from kserve_ocr.protocol.layout import Word, around

_AMOUNT: Final = re.compile(r"(?:^|\D)\d{1,4}\.")
_CENTS: Final = re.compile(r"\d\d(?:\D.*)?")
_AMOUNT_GAP: Final = (0.6, 0.75)
"""Widest gap inside an amount: in heights of the line, and in other gaps of the line."""
_LONE_GAP: Final = 0.5
"""Widest gap inside an amount, in heights of the line, where the line has no other gap."""
_WHOLE: Final = re.compile(r"(?:|.*\D)\d{1,4}")
_FRACTION: Final = re.compile(r"[.,]\d\d")
_FRACTION_GAP: Final = 1.1
"""Widest gap before a full stop with two digits after it, in heights of the line: wide letters have wide gaps."""
_NAME: Final = re.compile(r".*[^\W\d][.:/_-]|.*\d[:/_-]")
_NAME_GAP: Final = (0.32, 0.45)
"""As :data:`_AMOUNT_GAP`, inside a name of a file: a full stop that ends a sentence has more space after it."""
_OVERLAP: Final = 1.5
"""Heights of the line by which parts of an amount may overlap: where letters are wide, so are their boxes."""

_CLOSING: Final = frozenset(",;:?!")
"""Signs that have no space before them, or a thin one in old print ..."""
_THIN_GAP: Final = 0.12
"""... of up to this width in heights of the line ..."""
_COMMA_SHARE: Final = 0.75
"""... and of this share of other gaps before a comma; French has wide ones before the others ..."""
_TEXT_GAP: Final = 1.0
_TEXT_GAPS: Final = 4
"""... in running text, whose gaps are narrower than this and this many: labels may have a space before their colon."""


def joined(words: list[Word], height: float) -> list[Word]:
    """The words of a line of this height in pixels, with parts of amounts and names, and signs after words, joined."""
    gaps = [second.bbox[0] - first.bbox[2] for first, second in pairwise(words)]
    whole = words[:1]
    for number, word in enumerate(words[1:]):
        others = [*gaps[:number], *gaps[number + 1 :]]
        if _is_torn(whole[-1], word, gaps[number] / max(1.0, height), [gap / max(1.0, height) for gap in others]):
            whole[-1] = _one(whole[-1], word)
        else:
            whole.append(word)
    return whole


def _is_torn(first: Word, second: Word, gap: float, others: Sequence[float]) -> bool:
    """Whether two words are one, by the gap between them and the other gaps of the line, in its heights."""
    usual = median(others) if others else None
    if gap < -_OVERLAP:
        return False
    if second.text in _CLOSING:
        return first.text[-1].isalnum() and len(others) >= _TEXT_GAPS and _is_thin(gap, median(others), second.text)
    if _AMOUNT.search(first.text[-6:]) and first.text.endswith(".") and _CENTS.fullmatch(second.text):
        return gap <= _LONE_GAP if usual is None else gap <= min(_AMOUNT_GAP[0], _AMOUNT_GAP[1] * max(0.0, usual))
    if _WHOLE.fullmatch(first.text) and _FRACTION.fullmatch(second.text):
        return gap <= _FRACTION_GAP
    goes_on = second.text[0].islower() or second.text[0].isdigit()
    return bool(
        usual is not None
        and goes_on
        and _NAME.fullmatch(first.text)
        and 0 <= gap <= min(_NAME_GAP[0], _NAME_GAP[1] * usual)
    )


def _is_thin(gap: float, usual: float, sign: str) -> bool:
    """Whether the gap before a sign is narrower than the spaces of running text beside it."""
    return usual <= _TEXT_GAP and (gap <= _THIN_GAP or (sign == "," and gap <= _COMMA_SHARE * usual))


def _one(first: Word, second: Word) -> Word:
    letters = len(first.text) + len(second.text)
    confidence = (first.confidence * len(first.text) + second.confidence * len(second.text)) / letters
    return Word(first.text + second.text, around([first.bbox, second.bbox]), confidence)
