"""Phrases: the unit of reading order. A phrase is a run of words of one recognized line without a wide gap.

Coordinates are those of the recognized page after its remaining slope is removed, and mirrored for right-to-left
text, so that the rest of the package reads from left to right. Words keep their own boxes.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from kserve_ocr.protocol.layout import Box, Line, PageLayout, Word

GAP_HEIGHTS = 1.5
"""A gap of this many word heights ends a phrase, if it also is ..."""
GAP_SPACES = 2.0
"""... this many word spaces wide."""
MIN_CONFIDENCE = 0.3
"""Words below are not evidence of columns."""
MIN_HEIGHT = 0.35
"""Words lower than this share of the median height are not evidence either."""
TEXT_WORDS, TEXT_LETTERS, TEXT_SHARE = 3, 12, 0.5
"""Running text has this many words, this many letters, and this share of letters among its characters."""
DENSE_TEXT_LETTERS = 6
"""Letters of running text in scripts that write without spaces."""
MIN_SLOPES, SLOPE_SPREAD = 5, 0.02
"""Lines that a page's slope is taken from, and how far from the median they may be."""
BASELINE_HEIGHTS = 2.5
"""Length of a baseline whose slope counts, in heights of its line."""
NUMBER_LENGTH = 4
"""A lone number up to this length may number a line."""

_DESCENDERS = frozenset("gjpqyQJ,;()[]{}|/\\$§@çß_þµ")
_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han, compatibility
    (0x20000, 0x3FFFF),  # Han, extensions
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Typical sizes of a page's words, pixels."""

    height: float
    space: float
    """Width of the gap between two words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A ruled line from ``start`` to ``end`` at ``place``: x and y of horizontal ones, y and x of vertical ones."""

    start: float
    end: float
    place: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A word with its edges in the package's coordinates and its position in the engine's line."""

    word: Word
    position: int
    x0: float
    y0: float
    x1: float
    y1: float
    reliable: bool


@dataclass(slots=True, eq=False)
class Phrase:
    """A run of words of one line. Vertical edges are medians over its words, since a single box is often wrong."""

    placed: tuple[Placed, ...]
    """Its words from left to right."""
    line: int
    """Number of its line in the engine's order."""
    block: int
    """Number of its block in the engine's order."""
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    reliable: bool
    """Whether it is evidence of where columns are."""
    running_text: bool
    number: bool
    height: float = field(init=False)
    middle: float = field(init=False)
    """Height between top and bottom."""

    def __post_init__(self) -> None:
        self.height = max(1.0, self.y1 - self.y0)
        self.middle = (self.y0 + self.y1) / 2

    @property
    def words(self) -> list[Word]:
        """Its words as the engine ordered them: in lines of mixed direction that is not from left to right."""
        return [item.word for item in sorted(self.placed, key=lambda item: item.position)]


def writes_without_spaces(character: str) -> bool:
    """Whether the character's script puts no spaces between words (Han, kana, Thai, Lao, Khmer, Myanmar)."""
    code = ord(character)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _WITHOUT_SPACES)


def is_right_to_left(words: Iterable[Word]) -> bool:
    """Whether most letters belong to scripts that are written from right to left."""
    right = left = 0
    for character, count in Counter("".join(word.text for word in words)).items():
        direction = unicodedata.bidirectional(character)
        right += count * (direction in ("R", "AL"))
        left += count * (direction == "L")
    return right > left


def is_vertical(words: Iterable[Word]) -> bool:
    """Whether most words run from top to bottom, as in vertical Japanese."""
    tall = total = 0
    for word in words:
        if len(word.text) > 1:
            x0, y0, x1, y1 = word.bbox
            total += 1
            tall += y1 - y0 > 1.5 * (x1 - x0)
    return 2 * tall > total


class PhraseBuilder:
    """Cuts the lines of one page into phrases."""

    def __init__(self, layout: PageLayout, *, mirrored: bool) -> None:
        lines = [
            (line, number)
            for number, block in enumerate(layout.blocks)
            for paragraph in block.paragraphs
            for line in paragraph.lines
        ]
        self._lines = lines
        self._mirrored = mirrored
        self._slope = _slope([line for line, _ in lines])
        self.scale = self._measure()

    def phrases(self) -> list[Phrase]:
        """All phrases of the page, in the engine's order."""
        found: list[Phrase] = []
        for number, (line, block) in enumerate(self._lines):
            placed = [self._place(word, position) for position, word in enumerate(line.words)]
            placed.sort(key=lambda item: item.x0)
            runs = split_at_gaps(placed, widest=self.widest_gap)
            found += [make_phrase(run, line=number, block=block) for run in runs]
        return found

    @property
    def widest_gap(self) -> float:
        """Gap between two words of one phrase, at most."""
        return max(GAP_HEIGHTS * self.scale.height, GAP_SPACES * self.scale.space)

    def horizontal_rule(self, box: Box) -> Rule:
        """A horizontal ruled line, its slope removed as that of the words is."""
        x0, y0, x1, y1 = box
        start, end = (-x1, -x0) if self._mirrored else (x0, x1)
        return Rule(start, end, (y0 + y1) / 2 - self._slope * (x0 + x1) / 2)

    def vertical_rule(self, box: Box) -> Rule:
        """A vertical ruled line."""
        x0, y0, x1, y1 = box
        place = (x0 + x1) / 2
        down = self._slope * place
        return Rule(y0 - down, y1 - down, -place if self._mirrored else place)

    def _place(self, word: Word, position: int) -> Placed:
        x0, y0, x1, y1 = word.bbox
        down = self._slope * (x0 + x1) / 2
        left, right = (-x1, -x0) if self._mirrored else (x0, x1)
        readable = word.confidence >= MIN_CONFIDENCE and y1 - y0 > MIN_HEIGHT * self.scale.height
        reliable = readable and any(map(str.isalnum, word.text))
        return Placed(word, position, left, y0 - down, right, y1 - down, reliable)

    def _measure(self) -> Scale:
        heights = [
            word.bbox[3] - word.bbox[1]
            for line, _ in self._lines
            for word in line.words
            if word.confidence >= MIN_CONFIDENCE and any(map(str.isalnum, word.text))
        ]
        height = float(max(1, median(heights or [1])))
        gaps = []
        for line, _ in self._lines:
            edges = sorted((word.bbox[0], word.bbox[2]) for word in line.words)
            gaps += [second[0] - first[1] for first, second in pairwise(edges) if 0 < second[0] - first[1] < 3 * height]
        space = median(gaps) if gaps else 0.5 * height
        return Scale(height, max(0.3 * height, min(1.3 * height, space)))


def split_at_gaps(placed: Sequence[Placed], *, widest: float) -> list[list[Placed]]:
    """Runs of words, sorted by left edge, parted at gaps wider than ``widest``."""
    runs: list[list[Placed]] = []
    reached = float("-inf")
    for item in placed:
        if not runs or item.x0 - reached > widest:
            runs.append([])
        runs[-1].append(item)
        reached = max(reached, item.x1)
    return runs


def make_phrase(placed: Sequence[Placed], *, line: int, block: int) -> Phrase:
    """The phrase of words of one line, sorted from left to right."""
    reliable = [item for item in placed if item.reliable]
    shown = reliable or placed
    y1 = _median([item.y1 for item in shown])
    flat = [item.y1 for item in shown if _DESCENDERS.isdisjoint(item.word.text)]
    text = "".join(item.word.text for item in shown)
    letters = sum(map(str.isalpha, text))
    return Phrase(
        placed=tuple(placed),
        line=line,
        block=block,
        x0=min(item.x0 for item in shown),
        y0=_median([item.y0 for item in shown]),
        x1=max(item.x1 for item in shown),
        y1=y1,
        baseline=_median(flat) if flat else y1,
        reliable=bool(reliable),
        running_text=bool(reliable) and _is_running_text(text, letters, words=len(reliable)),
        number=len(placed) == 1 and not letters and len(text) <= NUMBER_LENGTH,
    )


def _median(values: list[float]) -> float:
    """As :func:`statistics.median`, without its checks: most phrases of a table have one word."""
    if len(values) == 1:
        return values[0]
    values.sort()
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _is_running_text(text: str, letters: int, *, words: int) -> bool:
    if letters < TEXT_SHARE * len(text):
        return False
    if words >= TEXT_WORDS and letters >= TEXT_LETTERS:
        return True
    return letters >= DENSE_TEXT_LETTERS and 2 * sum(map(writes_without_spaces, text)) > len(text)


def _slope(lines: Sequence[Line]) -> float:
    """Slope of the page's lines: of those with at least three words, or else of the baselines of long words.

    The mean of those near the median, weighted by length: boxes are in whole pixels, which short lines suffer from.
    """
    slopes = _slopes_of_words(lines)
    if len(slopes) < MIN_SLOPES:
        slopes = _slopes_of_baselines(lines)
    if len(slopes) < MIN_SLOPES:
        return 0.0
    usual = median(slope for slope, _ in slopes)
    near = [(slope, across) for slope, across in slopes if abs(slope - usual) < SLOPE_SPREAD]
    return sum(slope * across for slope, across in near) / sum(across for _, across in near)


def _slopes_of_words(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Slope from the first word to the last, and the distance between them."""
    slopes = []
    for line in lines:
        first, last = line.words[0].bbox, line.words[-1].bbox
        if len(line.words) > 2 and last[0] > first[2]:
            across = last[0] - first[0]
            slopes.append(((last[1] + last[3] - first[1] - first[3]) / 2 / across, float(across)))
    return slopes


def _slopes_of_baselines(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Slope and length of the baselines that are much longer than their line is high."""
    slopes = []
    for line in lines:
        x0, y0, x1, y1 = line.baseline
        if x1 - x0 > BASELINE_HEIGHTS * line.height:
            slopes.append(((y1 - y0) / (x1 - x0), x1 - x0))
    return slopes
