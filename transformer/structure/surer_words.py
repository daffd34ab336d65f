"""Two recognitions of a page put together: in each line, the runs of words that either of both is surer of.

Print at the edge of legibility is misread at random: a slight blur changes which words are, and confidence tells.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, PageLayout, Word
from transformer.structure.changes import change_lines, with_words
from transformer.structure.noise import confidence

MARGIN: Final = 0.05
"""How much surer another run of words must be ..."""
SHORTER, LONGER = 0.7, 1.4
"""... and its letters, in letters of the run that it replaces, which may be one more."""
ABOVE, BELOW = 1.0, 0.15
"""Heights of a line above and below its baseline between which the middle of its words lies."""
TALL: Final = 1.7
"""Heights of a line that no word of it has."""
TOUCH: Final = 2
"""Pixels by which neighboring words may overlap."""


def with_surer_words(first: PageLayout, second: PageLayout) -> PageLayout:
    """The first layout with runs of words of the second where those are surer; lines stay as they are.

    Both are in pixels of the same page, where lines are level. Takes time linear in words, but for lines side by side.
    """
    words = sorted(second.iter_words(), key=_middle_y)
    heights = [_middle_y(word) for word in words]

    def change(line: Line) -> Line | None:
        _, y0, _, y1 = line.bbox
        low, high = bisect_left(heights, y0 - line.height), bisect_right(heights, y1 + line.height)
        return with_words(line, _surer(line.words, [word for word in words[low:high] if _belongs(word, line)]))

    blocks = change_lines(first.blocks, change)
    return first if blocks == first.blocks else replace(first, blocks=blocks)


def _middle_y(word: Word) -> float:
    return (word.bbox[1] + word.bbox[3]) / 2


def _belongs(word: Word, line: Line) -> bool:
    """Whether the word stands in the line."""
    x0, y0, x1, y1 = word.bbox
    middle = (x0 + x1) / 2
    left, start, right, end = line.baseline
    base = start + (end - start) * (middle - left) / max(1.0, right - left)
    return (
        line.bbox[0] - TOUCH <= middle <= line.bbox[2] + TOUCH
        and base - ABOVE * line.height < _middle_y(word) < base + BELOW * line.height
        and y1 - y0 < TALL * line.height
    )


def _surer(words: tuple[Word, ...], others: Sequence[Word]) -> tuple[Word, ...]:
    """The words, those of them replaced that the other recognition is surer of."""
    chosen: list[Word] = []
    for run, replacement in _runs(words, others):
        chosen += replacement if run and replacement and _is_surer(replacement, run) else run
    return tuple(chosen) if chosen != list(words) else words


def _runs(words: Sequence[Word], others: Sequence[Word]) -> list[tuple[list[Word], list[Word]]]:
    """The words of both recognitions between gaps that both have, from left to right.

    Words of a run stay in their order: the box of one on a rule may begin left of the word before it.
    """
    runs: list[tuple[list[tuple[int, Word]], list[Word]]] = []
    reached = float("-inf")
    placed = [*enumerate(words), *((None, word) for word in others)]
    for number, word in sorted(placed, key=lambda item: item[1].bbox[0]):
        if word.bbox[0] >= reached - TOUCH:
            runs.append(([], []))
        if number is None:
            runs[-1][1].append(word)
        else:
            runs[-1][0].append((number, word))
        reached = max(reached, word.bbox[2])
    return [([word for _, word in sorted(run, key=itemgetter(0))], other) for run, other in runs]


def _letters(word: Word) -> int:
    """Letters and digits of a word, or all of its characters if it has none: rules give brackets and bars."""
    return sum(map(str.isalnum, word.text)) or len(word.text)


def _is_surer(other: Sequence[Word], run: Sequence[Word]) -> bool:
    letters, before = (sum(map(_letters, words)) for words in (other, run))
    fits = SHORTER * before <= letters <= LONGER * before + 1
    return fits and confidence(other) >= confidence(run) + MARGIN
