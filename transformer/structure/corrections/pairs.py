"""Brackets and quotation marks, which come in pairs: what has no second one, or another one, was misread."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kserve_ocr.protocol.layout import PageLayout, Word
from transformer.structure.changes import with_new_texts

_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}
_SINGLE: Final = "'\u2018\u2019\u201a"
_DOUBLE: Final = '"\u201c\u201d\u201e\u00bb\u00ab'
_OPENING: Final = re.compile(rf"[{_SINGLE}](?=\w{{3}})")
"""A single quotation mark before a word; before one or two letters it stands for what is left out: 's, 't, 'n."""
_ELISIONS: Final = re.compile(r".(?:tis|twas|til|cause)\b|.\d\ds", re.IGNORECASE)
_OPENING_DOUBLE: Final = re.compile(rf"[{_DOUBLE}](?=\w{{2}})")
"""A double one, of which more have their second one misread."""


def _closing(signs: str) -> re.Pattern[str]:
    """A word with one of these quotation marks after it, and other signs before or after that."""
    return re.compile(rf"\w[.,;:!?)\]}}]*[{signs}]\W*$|\w\W*[{signs}][.,;:!?)\]}}]*$")


_CLOSING: Final = _closing(_SINGLE)
_CLOSING_DOUBLE: Final = _closing(_DOUBLE)
_LONGEST: Final = 60
"""Words that may be quoted."""


def with_brackets(words: Sequence[Word]) -> list[Word]:
    """The words of a line, with a round bracket for a brace whose other half is round."""
    text = [list(word.text) for word in words]
    opened: list[tuple[int, int]] = []
    for number, letters in enumerate(text):
        for place, sign in enumerate(letters):
            if sign in _BRACKETS:
                opened.append((number, place))
            elif sign in _BRACKETS.values() and opened:
                _match(text, opened.pop(), (number, place))
    changed = ["".join(letters) for letters in text]
    return [
        word if word.text == found else replace(word, text=found) for word, found in zip(words, changed, strict=True)
    ]


def _match(text: list[list[str]], first: tuple[int, int], second: tuple[int, int]) -> None:
    """Make both brackets round if one is round and the other one is a brace."""
    pair = text[first[0]][first[1]] + text[second[0]][second[1]]
    if pair in ("{)", "(}") and text[second[0]][second[1] + 1 : second[1] + 2] != [")"]:
        text[first[0]][first[1]], text[second[0]][second[1]] = "()"


def without_lone_quotes(layout: PageLayout, *, old_print: bool) -> PageLayout:
    """The page without quotation marks before words where no other one closes them: specks of the paper.

    Double ones go in old print only, and before small letters.
    """
    texts = [word.text for word in layout.iter_words()]
    singles = _lone(texts, _OPENING, _CLOSING)
    lone = {number for number in singles if not _ELISIONS.match(texts[number])}
    if old_print:
        doubles = _lone(texts, _OPENING_DOUBLE, _CLOSING_DOUBLE)
        lone |= {number for number in doubles if texts[number][1].islower()}
    return with_new_texts(layout, (text[1:] if number in lone else text for number, text in enumerate(texts)))


def _lone(texts: Sequence[str], opening: re.Pattern[str], closing: re.Pattern[str]) -> set[int]:
    """Which of the words, in reading order, begin with a quotation mark that none closes."""
    lone: set[int] = set()
    opened: list[int] = []
    for number, text in enumerate(texts):
        if opening.match(text):
            opened.append(number)
        if opened and closing.search(text):
            last = opened.pop()
            if number - last > _LONGEST:
                lone.add(last)
    return lone | set(opened)
