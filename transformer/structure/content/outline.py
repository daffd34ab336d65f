"""Headings and lists: what the lines of a page are, by their size, their length and how they begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from kserve_ocr.protocol.layout import Line, PageLayout
from transformer.structure.noise import text_length

LARGER = 1.25
"""Height of a heading, in heights of the running text."""
LEVELS = 3
"""Levels of headings that are told apart."""
SAME_SIZE = 1.12
"""Ratio of the heights of headings up to which they are of one level."""
MAX_WORDS = 16
"""Words of a heading."""

_BULLET: Final = re.compile(r"[•‣◦▪●■\u2013\u2014*·-]")
_NUMBER: Final = re.compile(r"(?:\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])")

Kind = Literal["text", "heading", "bullet", "number"]


class Role(Struct, frozen=True):
    """What a line is; ``level`` counts from 1 for headings and is 0 otherwise."""

    kind: Kind
    level: int = 0


TEXT: Final = Role("text")


def find_roles(layout: PageLayout) -> list[Role]:
    """The role of each line of a page, in reading order."""
    lines = list(layout.iter_lines())
    body = _body_height(lines)
    sizes = _sizes([line.height for line in lines if _may_head(line) and line.height >= LARGER * body])
    return [_role(line, body, sizes) for line in lines]


def starts_item(line: Line) -> bool:
    """Whether a line begins with the marker of a list item, and has a text after it."""
    return _item(line) is not TEXT


def _body_height(lines: Sequence[Line]) -> float:
    """The height that most letters have."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[line.height] += text_length(line.words)
    half, count = sum(letters.values()) / 2, 0
    for height in sorted(letters):
        count += letters[height]
        if count >= half:
            return height
    return 1.0


def _sizes(heights: Sequence[float]) -> list[float]:
    """The least height of each level, largest first."""
    found: list[float] = []
    last = float("inf")
    for height in sorted(heights, reverse=True):
        if found and last <= SAME_SIZE * height:
            found[-1] = height
        else:
            found.append(height)
        last = height
    return found[:LEVELS]


def _may_head(line: Line) -> bool:
    text = "".join(word.text for word in line.words)
    letters = sum(map(str.isalpha, text))
    return len(line.words) <= MAX_WORDS and letters >= 3 and 2 * letters >= len(text)


def _role(line: Line, body: float, sizes: Sequence[float]) -> Role:
    if line.height >= LARGER * body and _may_head(line):
        level = next((number for number, size in enumerate(sizes, 1) if line.height >= size), LEVELS)
        return Role("heading", level)
    return _item(line)


def _item(line: Line) -> Role:
    if len(line.words) > 1:
        first = line.words[0].text
        if _BULLET.fullmatch(first):
            return Role("bullet")
        if _NUMBER.fullmatch(first):
            return Role("number")
    return TEXT
