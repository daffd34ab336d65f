"""A part of a page while it is being ordered: its phrases with the indexes that the search for gutters needs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from operator import attrgetter

from transformer.structure.order.phrases import Phrase, Scale

SAME_ROW = 0.5
"""Share of the smaller height that two phrases of one row have in common."""
BUCKET_HEIGHTS = 2.0
"""Size of an index's bucket, word heights."""
FIRST_STEP = 32
"""Phrases that are looked through for the nearest ones first; twice as many in each further step."""


def in_one_row(first: Phrase, second: Phrase) -> bool:
    """Whether two phrases overlap vertically as parts of one row do."""
    shared = min(first.y1, second.y1) - max(first.y0, second.y0)
    return shared > SAME_ROW * min(first.height, second.height)


class Region:
    """Phrases sorted from top to bottom."""

    def __init__(self, phrases: Iterable[Phrase], scale: Scale) -> None:
        self.phrases: list[Phrase] = sorted(phrases, key=attrgetter("middle"))
        self.reliable = [phrase for phrase in self.phrases if phrase.reliable]
        self.scale = scale
        self._bucket = BUCKET_HEIGHTS * scale.height

    def __len__(self) -> int:
        return len(self.phrases)

    @cached_property
    def edges(self) -> tuple[float, float]:
        """Left and right edge of the reliable phrases."""
        shown = self.reliable or self.phrases
        return min(phrase.x0 for phrase in shown), max(phrase.x1 for phrase in shown)

    @cached_property
    def top(self) -> float:
        return min(phrase.y0 for phrase in self.phrases)

    @cached_property
    def bottom(self) -> float:
        return max(phrase.y1 for phrase in self.phrases)

    @cached_property
    def right_neighbors(self) -> dict[Phrase, Phrase]:
        """For each reliable phrase the nearest one to its right in the same row."""
        shelves: defaultdict[int, list[Phrase]] = defaultdict(list)
        for phrase in sorted(self.reliable, key=attrgetter("x0")):
            for shelf in self._shelves(phrase):
                shelves[shelf].append(phrase)
        lefts = {shelf: [phrase.x0 for phrase in members] for shelf, members in shelves.items()}
        return {
            phrase: nearest
            for phrase in self.reliable
            if (nearest := self._nearest(phrase, shelves, lefts)) is not None
        }

    def _nearest(
        self, phrase: Phrase, shelves: dict[int, list[Phrase]], lefts: dict[int, list[float]]
    ) -> Phrase | None:
        best: Phrase | None = None
        overlap = 0.5 * self.scale.space  # boxes of neighbors may touch
        for shelf in self._shelves(phrase):
            members = shelves[shelf]
            for index in range(bisect_left(lefts[shelf], phrase.x1 - overlap), len(members)):
                other = members[index]
                if best is not None and other.x0 >= best.x0:
                    break
                if other is not phrase and in_one_row(phrase, other):
                    best = other
                    break
        return best

    def _shelves(self, phrase: Phrase) -> range:
        return range(int(phrase.y0 // self._bucket), int(phrase.y1 // self._bucket) + 1)

    @cached_property
    def _columns(self) -> dict[int, list[int]]:
        """Numbers of the reliable phrases by the buckets of x that they cover."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        size = self._bucket
        for number, phrase in enumerate(self.reliable):
            for bucket in range(int(phrase.x0 // size), int(phrase.x1 // size) + 1):
                found[bucket].append(number)
        return found

    @cached_property
    def _middles(self) -> list[float]:
        return [phrase.middle for phrase in self.reliable]

    def around(self, left: float, right: float, y: float, *, down: bool) -> Iterator[Phrase]:
        """The reliable phrases below (or above) ``y`` near the strip from ``left`` to ``right``, nearest first."""
        buckets = range(int(left // self._bucket) - 1, int(right // self._bucket) + 2)
        near = [self._columns[bucket] for bucket in buckets if bucket in self._columns]
        start = bisect_right(self._middles, y) if down else bisect_left(self._middles, y)
        # Few are asked for if something is in the way, so they are taken out of the buckets step by step.
        count = FIRST_STEP
        while near and (start < len(self.reliable) if down else start > 0):
            low, high = (start, start + count) if down else (start - count, start)
            for number in sorted(_between(near, low, high), reverse=not down):
                yield self.reliable[number]
            start, count = (high if down else low), 2 * count

    def between(self, top: float, bottom: float) -> list[Phrase]:
        """The reliable phrases whose middle lies between two heights, from top to bottom."""
        return self.reliable[bisect_left(self._middles, top) : bisect_left(self._middles, bottom)]


def _between(runs: Iterable[list[int]], low: int, high: int) -> set[int]:
    """The numbers of the sorted ``runs`` from ``low`` to below ``high``."""
    return {number for run in runs for number in run[bisect_left(run, low) : bisect_left(run, high)]}
