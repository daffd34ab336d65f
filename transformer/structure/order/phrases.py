"""Phrases: the unit of reading order. A phrase is a run of words of one recognized line without a wide gap.

Coordinates are those of the recognized page after its remaining slope is removed, and mirrored for right-to-left
text, so that the rest of the package reads from left to right. Words keep their own boxes.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import attrgetter
from statistics import median

from msgspec import Struct

from kserve_ocr.protocol.layout import Box, PageLayout, Word
from transformer.structure.order.slope import slope_of

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


class Scale(Struct, frozen=True):
    """Typical sizes of a page's words, pixels."""

    height: float
    space: float
    """Width of the gap between two words."""


class Rule(Struct, frozen=True):
    """A ruled line from ``start`` to ``end`` at ``place``: x and y of horizontal ones, y and x of vertical ones."""

    start: float
    end: float
    place: float


class Placed(Struct, frozen=True, eq=False):
    """A word with its edges in the package's coordinates and its position in the engine's line."""

    word: Word
    position: int
    x0: float
    y0: float
    x1: float
    y1: float
    reliable: bool


class Phrase(Struct, eq=False):
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
    height: float
    """1 at least."""
    middle: float
    """Height between top and bottom."""

    @property
    def words(self) -> list[Word]:
        """Its words as the engine ordered them: in lines of mixed direction that is not from left to right."""
        if len(self.placed) == 1:
            return [self.placed[0].word]
        return [item.word for item in sorted(self.placed, key=lambda item: item.position)]


def writes_without_spaces(character: str) -> bool:
    """Whether the character's script puts no spaces between words (Han, kana, Thai, Lao, Khmer, Myanmar)."""
    code = ord(character)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _WITHOUT_SPACES)


def is_right_to_left(words: Iterable[Word]) -> bool:
    """Whether most letters belong to scripts that are written from right to left."""
    right = left = 0
    text = "".join([word.text for word in words])
    if text.isascii():
        return False
    for character, count in Counter(text).items():
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
        self._slope = slope_of([line for line, _ in lines])
        self._readable = [[_is_readable(word) for word in line.words] for line, _ in lines]
        self.scale = self._measure()

    def phrases(self) -> list[Phrase]:
        """All phrases of the page, in the engine's order."""
        found: list[Phrase] = []
        widest = self.widest_gap
        for number, (line, block) in enumerate(self._lines):
            placed = self._placed(line.words, self._readable[number])
            if len(placed) == 1:  # most lines of a table
                found.append(phrase_of_word(placed[0], line=number, block=block))
                continue
            runs = split_at_gaps(placed, widest=widest)
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

    def _placed(self, words: Sequence[Word], readable: Sequence[bool]) -> list[Placed]:
        """The words of a line from left to right; ``readable`` says which of them are."""
        found: list[Placed] = []
        lowest = MIN_HEIGHT * self.scale.height
        slope, mirrored = self._slope, self._mirrored
        for position, word in enumerate(words):
            x0, y0, x1, y1 = word.bbox
            down = slope * (x0 + x1) / 2
            left, right = (-x1, -x0) if mirrored else (x0, x1)
            reliable = y1 - y0 > lowest and readable[position]
            found.append(Placed(word, position, left, y0 - down, right, y1 - down, reliable))
        if len(found) > 1:
            found.sort(key=attrgetter("x0"))
        return found

    def _measure(self) -> Scale:
        heights = [
            word.bbox[3] - word.bbox[1]
            for (line, _), readable in zip(self._lines, self._readable, strict=True)
            for word, is_readable in zip(line.words, readable, strict=True)
            if is_readable
        ]
        height = float(max(1, median(heights or [1])))
        gaps = []
        for line, _ in self._lines:
            if len(line.words) < 2:
                continue
            edges = sorted([(word.bbox[0], word.bbox[2]) for word in line.words])
            gaps += [gap for (_, end), (start, _) in pairwise(edges) if 0 < (gap := start - end) < 3 * height]
        space = median(gaps) if gaps else 0.5 * height
        return Scale(height, max(0.3 * height, min(1.3 * height, space)))


def split_at_gaps(placed: Sequence[Placed], *, widest: float) -> list[Sequence[Placed]]:
    """Runs of words, sorted by left edge, parted at gaps wider than ``widest``."""
    runs: list[Sequence[Placed]] = []
    start = 0
    reached = placed[0].x1 if placed else 0.0
    for index, item in enumerate(placed):
        if item.x0 - reached > widest:
            runs.append(placed[start:index])
            start = index
        reached = max(reached, item.x1)
    return [*runs, placed[start:]] if placed else []


def _is_readable(word: Word) -> bool:
    """Whether the engine is sure enough of a word, and it has letters or digits."""
    text = word.text
    return word.confidence >= MIN_CONFIDENCE and (text.isalnum() or any(map(str.isalnum, text)))


def phrase_of_word(word: Placed, *, line: int, block: int) -> Phrase:
    """As :func:`make_phrase` of a single word, in a third of the time."""
    text, y0, y1 = word.word.text, word.y0, word.y1
    letters = len(text) if text.isalpha() else sum(map(str.isalpha, text))
    return Phrase(
        (word,),
        line,
        block,
        word.x0,
        y0,
        word.x1,
        y1,
        y1,
        word.reliable,
        letters >= DENSE_TEXT_LETTERS and _is_running_text(text, letters, words=int(word.reliable)),
        not letters and len(text) <= NUMBER_LENGTH,
        max(1.0, y1 - y0),
        (y0 + y1) / 2,
    )


def make_phrase(placed: Sequence[Placed], *, line: int, block: int) -> Phrase:
    """The phrase of words of one line, sorted from left to right."""
    reliable = [item for item in placed if item.reliable]
    shown = reliable or placed
    y0, x1 = _median([item.y0 for item in shown]), max([item.x1 for item in shown])
    y1 = _median([item.y1 for item in shown])
    flat = [item.y1 for item in shown if _DESCENDERS.isdisjoint(item.word.text)]
    baseline = _median(flat) if flat else y1
    text = "".join([item.word.text for item in shown])
    letters = len(text) if text.isalpha() else sum(map(str.isalpha, text))
    return Phrase(
        placed=tuple(placed),
        line=line,
        block=block,
        x0=shown[0].x0,
        y0=y0,
        x1=x1,
        y1=y1,
        baseline=baseline,
        reliable=bool(reliable),
        running_text=letters >= DENSE_TEXT_LETTERS and _is_running_text(text, letters, words=len(reliable)),
        number=len(placed) == 1 and not letters and len(text) <= NUMBER_LENGTH,
        height=max(1.0, y1 - y0),
        middle=(y0 + y1) / 2,
    )


def _median(values: list[float]) -> float:
    """As :func:`statistics.median`, without its checks."""
    values.sort()
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _is_running_text(text: str, letters: int, *, words: int) -> bool:
    """Whether a text of at least ``DENSE_TEXT_LETTERS`` letters, from ``words`` reliable words, is running text."""
    if not words or letters < TEXT_SHARE * len(text):
        return False
    if words >= TEXT_WORDS and letters >= TEXT_LETTERS:
        return True
    return not text.isascii() and 2 * sum(map(writes_without_spaces, text)) > len(text)
