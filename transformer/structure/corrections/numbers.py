"""Numbers, units and identifiers in which the engine takes a digit for a letter, told by the characters around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kserve_ocr.protocol.layout import PageLayout, Word
from transformer.structure.changes import with_texts

_LIKE_HEX: Final = str.maketrans({"@": "0", "O": "0", "o": "0", "Q": "0", "l": "1", "I": "1", "|": "1", "£": "f"})
"""Characters that a hexadecimal number cannot have, and the digit that looks like each."""
_LEFT_OF_HEX: Final = "({[<\"'"
_RIGHT_OF_HEX: Final = ")}]>\"',.;:"
_HEX: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE
)
"""A UUID (RFC 9562) or a digest of 128, 160 or 256 bits."""
_HEX_LENGTHS: Final = frozenset({32, 36, 40, 64})

_ZERO: Final = re.compile(r"(?<=\d)@(?!\w)|(?<=\d[.,])@(?!\w)")
"""A zero with a dot or a stroke, at the end of a number."""
_POUND: Final = re.compile(r"(?<=\d/)[1I]b(?!\w)")
_POUND_AFTER_NUMBER: Final = re.compile(r"[1I]b\.?")
_NUMBER: Final = re.compile(r".*\d")

WITH_POINTS: Final = frozenset({"eng"})
"""Models of languages whose numbers have decimal points."""
_WITH_POINT: Final = re.compile(r"(?<![\d.,])\d{1,4}\.\d\d(?![\d.,]*\d)")
_WITH_COMMA: Final = re.compile(r"(?<![\d.,])(\d{1,4}),(\d\d)(?![\d.,]*\d)")
_AMOUNTS: Final = 5
_MOST_OTHERS: Final = 0.2
"""Amounts with a decimal point from which a page writes all of them so, and the share of them that may differ."""


def in_line(words: Sequence[Word]) -> list[Word]:
    """The words of a line with hexadecimal numbers, zeros and pounds as they are written."""
    changed: list[Word] = []
    for word in words:
        text = _text(word.text)
        if changed and _POUND_AFTER_NUMBER.fullmatch(text) and _NUMBER.fullmatch(changed[-1].text):
            text = "l" + text[1:]
        changed.append(word if text == word.text else replace(word, text=text))
    return changed


def _text(text: str) -> str:
    if len(text) >= min(_HEX_LENGTHS):
        text = _hexadecimal(text)
    return _POUND.sub("lb", _ZERO.sub("0", text))


def _hexadecimal(text: str) -> str:
    """The text with only hexadecimal digits in it, in one case, if that makes a UUID or a digest of it."""
    start = len(text) - len(text.lstrip(_LEFT_OF_HEX))
    end = len(text.rstrip(_RIGHT_OF_HEX))
    inner = text[start:end]
    if len(inner) not in _HEX_LENGTHS:
        return text
    number = inner.translate(_LIKE_HEX)
    if not _HEX.fullmatch(number):
        return text
    upper, lower = (sum(map(test, number)) for test in (str.isupper, str.islower))
    return text[:start] + (number.upper() if upper > lower else number.lower()) + text[end:]


def with_decimal_points(layout: PageLayout) -> PageLayout:
    """The page with points for commas in the few amounts that have one, if nearly all of its amounts have a point."""
    texts = [word.text for word in layout.iter_words()]
    points = sum(bool(_WITH_POINT.search(text)) for text in texts)
    commas = sum(bool(_WITH_COMMA.search(text)) for text in texts)
    if points < _AMOUNTS or not 0 < commas <= _MOST_OTHERS * points:
        return layout
    return with_texts(layout, lambda text: _WITH_COMMA.sub(r"\1.\2", text))
