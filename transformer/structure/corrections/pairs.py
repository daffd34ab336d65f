"""Brackets and quotation marks, which come in pairs: what has no second one, or another one, was misread."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kserve_ocr.protocol.layout import PageLayout, Word
from transformer.structure.changes import change_lines, with_words

_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}
_SINGLE: Final = "'\u2018\u2019\u201a"
_OPENING: Final = re.compile(rf"[{_SINGLE}](?=\w{{3}})")
"""A single quotation mark before a word; before one or two letters it stands for what is left out: 's, 't, 'n."""
_ELISIONS: Final = re.compile(r".(?:tis|twas|til|cause)\b|.\d\ds", re.IGNORECASE)
_CLOSING: Final = re.compile(rf"\w[.,;:!?)\]}}]*[{_SINGLE}]\W*$|\w\W*[{_SINGLE}][.,;:!?)\]}}]*$")
"""A word with a single quotation mark after it, and other signs before or after that."""
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


def without_lone_quotes(layout: PageLayout) -> PageLayout:
    """The page without single quotation marks before words where no other one closes them: specks of the paper."""
    lone = _lone([word.text for word in layout.iter_words()])
    if not lone:
        return layout
    numbers = iter(range(sum(1 for _ in layout.iter_words())))
    blocks = change_lines(
        layout.blocks,
        lambda line: with_words(
            line, tuple(replace(word, text=word.text[1:]) if next(numbers) in lone else word for word in line.words)
        ),
    )
    return replace(layout, blocks=blocks)


def _lone(texts: Sequence[str]) -> set[int]:
    """Which of the words, in reading order, begin with a quotation mark that none closes."""
    lone: set[int] = set()
    opened: list[int] = []
    for number, text in enumerate(texts):
        if _OPENING.match(text) and not _ELISIONS.match(text):
            opened.append(number)
        if opened and _CLOSING.search(text):
            last = opened.pop()
            if number - last > _LONGEST:
                lone.add(last)
    return lone | set(opened)
