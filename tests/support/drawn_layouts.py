"""Layouts as the engine would give them, made from text and positions without any image."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around

LETTERS = "abcdefghiklmnoprstuvwz"


@dataclass(frozen=True)
class Pen:
    """Type of one size: letters half as wide as high, spaces a third as wide, lines one and a half high."""

    size: float = 20.0
    slope: float = 0.0
    """Pixels that the lines fall for each pixel to the right."""
    confidence: float = 0.9

    @property
    def leading(self) -> float:
        return 1.5 * self.size

    @property
    def space(self) -> float:
        return self.size / 3

    def width(self, text: str) -> float:
        return sum(len(word) * self.size / 2 for word in text.split()) + self.space * (len(text.split()) - 1)

    def line(self, text: str, x: float, y: float, *, space: float | None = None) -> Line:
        """A line with its top left corner at ``(x, y)``; words are parted by single spaces in ``text``."""
        words: list[Word] = []
        start = x
        for word in text.split():
            end = x + len(word) * self.size / 2
            down = self.slope * (x + end) / 2
            box = (round(x), round(y + down), round(end), round(y + down + self.size))
            words.append(Word(word, box, self.confidence))
            x = end + (self.space if space is None else space)
        bottom = y + self.size
        baseline = (start, bottom + self.slope * start, float(words[-1].bbox[2]), bottom + self.slope * x)
        return Line(around(word.bbox for word in words), tuple(words), baseline, self.size)

    def lines(self, texts: Sequence[str], x: float, y: float, *, leading: float | None = None) -> list[Line]:
        """Lines one below the other."""
        step = self.leading if leading is None else leading
        return [self.line(text, x, y + number * step) for number, text in enumerate(texts)]

    def right_aligned(self, texts: Sequence[str], right: float, y: float) -> list[Line]:
        """Lines one below the other that end at ``right``."""
        return [
            self.line(text, right - self.width(text), y + number * self.leading) for number, text in enumerate(texts)
        ]


def block(lines: Sequence[Line]) -> Block:
    """A block of one paragraph."""
    box = around(line.bbox for line in lines)
    return Block(box, (Paragraph(box, tuple(lines)),))


def page(*blocks: Sequence[Line], width: int = 4000, height: int = 6000) -> PageLayout:
    """A page whose blocks come in the given order."""
    return PageLayout(width, height, tuple(block(lines) for lines in blocks if lines))


def letters_of(layout: PageLayout) -> NDArray[np.float64]:
    """A box for each letter of the words."""
    boxes = []
    for word in layout.iter_words():
        x0, y0, x1, y1 = word.bbox
        edges = np.linspace(x0, x1, len(word.text) + 1)
        boxes += [(left + 1, y0 + 4, right - 1, y1 - 1) for left, right in pairwise(edges)]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def texts(layout: PageLayout) -> list[str]:
    """The text of each line, in order."""
    return [" ".join(word.text for word in line.words) for line in layout.iter_lines()]


def prose(lines: int, *, width: int = 40, seed: int = 0) -> list[str]:
    """Lines of running text, each about ``width`` letters and spaces long."""
    chance = random.Random(seed)
    found = []
    for _ in range(lines):
        words: list[str] = []
        while sum(map(len, words)) + len(words) < width - 3:
            left = width - sum(map(len, words)) - len(words)
            words.append("".join(chance.choice(LETTERS) for _ in range(min(left, chance.randint(2, 9)))))
        found.append(" ".join(words))
    return found


def amounts(lines: int, *, seed: int = 0) -> list[str]:
    """Prices, one a line."""
    chance = random.Random(seed)
    return [f"{chance.randint(1, 999)}.{chance.randint(0, 99):02}" for _ in range(lines)]


def labels(lines: int, *, seed: int = 0) -> list[str]:
    """One or two words a line."""
    chance = random.Random(seed)
    return [" ".join(prose(1, width=chance.randint(5, 9), seed=seed + number)) for number in range(lines)]
