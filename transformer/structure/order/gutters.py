"""Gutters: strips of white between two columns of text.

A gap between two phrases of one row is extended up and down. Its edges follow the phrases beside it over the last few
rows, so that a gutter may lean, until it is too narrow, or a rule crosses it. What stands beside it then decides
whether it parts columns (running text on both sides) or the cells of rows (everything else).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise

from msgspec import Struct, field

from transformer.structure.order.phrases import Phrase, Rule
from transformer.structure.order.region import Region

WIDE = 2.0
"""Width of a gutter, word spaces, where the engine's lines or a rule do not confirm it."""
NARROW = 0.9
"""Least width at any place, word spaces."""
RULED = 0.3
"""Least width at any place with a vertical rule in it, word spaces."""
TIGHT = 1.5
"""Gap, in word spaces, at which a line that crosses the gutter may be cut; a narrower one ends the gutter."""
MIN_ROWS = 5
"""Phrases of running text on each side of a wide gutter; twice as many beside a narrow one."""
MIN_UNMATCHED_ROWS = 3
"""Phrases on the poorer side where rows do not match those of a filled column."""
FILLED_ROWS, FILLED_SHARE = 6, 0.15
"""A filled column has this many phrases, most of them leave at most this share of its width free."""
RUNNING_SHARE = 0.6
"""Share of the phrases beside a gutter that are running text."""
MATCH = 0.25
"""Heights between the baselines of one row."""
MATCHED = 0.5
"""Share of the poorer side's phrases with a match on the other side, from which rows go across."""
WORK_PER_PHRASE = 60
"""Phrases looked at for each phrase of a region, before the search ends with what it has found."""
MEMORY = 8
"""Phrases on each side that an edge of the gutter follows."""


Place = tuple[float, float, float]
"""A height, and the left and right edge of a gutter there."""


class Gutter(Struct):
    """A strip of white from ``top`` to ``bottom``; ``path`` holds its places from top to bottom."""

    top: float
    bottom: float
    path: list[Place]
    beside: int = 0
    """Phrases that stand beside it."""
    heights: list[float] = field(default_factory=list)
    middles: list[float] = field(default_factory=list)
    """Its x at each of the heights."""

    def __post_init__(self) -> None:
        self.heights = [height for height, _, _ in self.path]
        self.middles = [(left + right) / 2 for _, left, right in self.path]

    def middle(self, y: float) -> float:
        """Its x at the height ``y``."""
        heights = self.heights
        index = bisect_left(heights, y)
        if index == len(heights) or (index and y - heights[index - 1] < heights[index] - y):
            index -= 1
        return self.middles[index]

    def middles_beside(self, phrases: Iterable[Phrase]) -> list[float]:
        """:meth:`middle` of each phrase, from top to bottom."""
        heights, count = self.heights, len(self.heights)
        found: list[float] = []
        index = 0
        for phrase in phrases:
            y = phrase.middle
            while index < count and heights[index] < y:
                index += 1
            before = index == count or (index > 0 and y - heights[index - 1] < heights[index] - y)
            found.append(self.middles[index - before])
        return found

    @property
    def width(self) -> float:
        """Its width where it is narrow."""
        widths = sorted(right - left for _, left, right in self.path)
        return widths[len(widths) // 10]


def find_gutter(
    region: Region, horizontal: Sequence[Rule], vertical: Sequence[Rule], *, force: bool = False
) -> Gutter | None:
    """The gutter that most phrases stand beside, if it parts columns; any wide one if ``force``."""
    return _Search(region, horizontal, vertical, force=force).best()


class _Search:
    def __init__(self, region: Region, horizontal: Sequence[Rule], vertical: Sequence[Rule], *, force: bool) -> None:
        self._region = region
        self._horizontal = horizontal
        self._vertical = vertical
        self._force = force
        self._space = region.scale.space
        self._seen: dict[int, list[Gutter]] = {}
        self._work = WORK_PER_PHRASE * (len(region.reliable) + 20)

    @cached_property
    def _lefts(self) -> dict[Phrase, Phrase]:
        """For each phrase that is a right neighbor the nearest one to its left."""
        found: dict[Phrase, Phrase] = {}
        for left, right in self._region.right_neighbors.items():
            if right not in found or found[right].x1 < left.x1:
                found[right] = left
        return found

    def best(self) -> Gutter | None:
        region = self._region
        running = sum([phrase.running_text for phrase in region.reliable])
        if running < RUNNING_SHARE * FILLED_ROWS and not self._force:
            return None
        found: Gutter | None = None
        for left in region.reliable:
            right = region.right_neighbors.get(left)
            if right is None or right.x0 - left.x1 < self._least_start(left, right):
                continue
            y = (max(left.y0, right.y0) + min(left.y1, right.y1)) / 2
            if self._is_known(left.x1, right.x0, y):
                continue
            gutter = self._extend(left, right, y)
            self._remember(gutter)
            between = region.between(gutter.top, gutter.bottom)
            self._work -= len(between)
            if len(between) > (found.beside if found else 2 * MIN_UNMATCHED_ROWS - 1):  # others cannot be it
                gutter.beside = self._columns(gutter, between)
                if gutter.beside and (found is None or gutter.beside > found.beside):
                    found = gutter
            if self._work < 0:
                break
        return found

    def _is_known(self, left: float, right: float, y: float) -> bool:
        """Whether a gutter that was found before runs through this gap."""
        size = self._region.scale.height
        for place in range(int(left // size), int(right // size) + 1):
            for gutter in self._seen.get(place, ()):
                if gutter.top < y < gutter.bottom and left <= gutter.middle(y) <= right:
                    return True
        return False

    def _remember(self, gutter: Gutter) -> None:
        size = self._region.scale.height
        for place in {int(middle // size) for middle in gutter.middles}:
            self._seen.setdefault(place, []).append(gutter)

    def _least_start(self, left: Phrase, right: Phrase) -> float:
        """Width from which a gap is worth to be extended."""
        if left.line == right.line or not left.running_text or not right.running_text:
            return WIDE * self._space
        return self._least(left.x1, right.x0, left.middle)

    def _least(self, left: float, right: float, y: float) -> float:
        """Width at which a gutter ends: narrower where a vertical rule runs through it."""
        ruled = any(left <= rule.place <= right and rule.start <= y <= rule.end for rule in self._vertical)
        return (RULED if ruled else NARROW) * self._space

    # ------------------------------------------------------------ extent

    def _extend(self, left: Phrase, right: Phrase, y: float) -> Gutter:
        above, top = self._walk(left, right, y, down=False)
        below, bottom = self._walk(left, right, y, down=True)
        return Gutter(top, bottom, [*reversed(above), (y, left.x1, right.x0), *below])

    def _walk(self, left: Phrase, right: Phrase, y: float, *, down: bool) -> tuple[list[Place], float]:
        """Follow a gap up or down until it is too narrow or a rule crosses it: its places, and where it ends."""
        lefts, rights = deque([left.x1], MEMORY), deque([right.x0], MEMORY)
        x0, x1 = left.x1, right.x0
        path: list[Place] = []
        limit = self._rule_beyond(x0, x1, y, down=down)
        least = self._least(x0, x1, y)
        for phrase in self._region.around(x0, x1, y, down=down):
            self._work -= 1
            if (phrase.middle > limit) if down else (phrase.middle < limit):
                break
            space_left, space_right = phrase.x0 - x0, x1 - phrase.x1
            if phrase.x1 <= x0:
                lefts.append(phrase.x1)
                x0 = max(lefts)
            elif phrase.x0 >= x1:
                rights.append(phrase.x0)
                x1 = min(rights)
            elif space_left < least > space_right:
                inner = _inner_gap(phrase, x0, x1)
                # Spaces of a headline are wide because its letters are high.
                enough = TIGHT * self._space * max(1.0, phrase.height / self._region.scale.height)
                if inner is None or min(inner[1], x1) - max(inner[0], x0) < enough:
                    return path, phrase.y0 if down else phrase.y1
                lefts.append(inner[0])
                rights.append(inner[1])
                x0, x1 = max(lefts), min(rights)
            elif space_right >= space_left:
                lefts.append(phrase.x1)
                x0 = max(lefts)
            else:
                rights.append(phrase.x0)
                x1 = min(rights)
            path.append((phrase.middle, x0, x1))
        return path, limit

    def _rule_beyond(self, left: float, right: float, y: float, *, down: bool) -> float:
        """The height of the first rule that crosses the gap on its way, plus or minus infinity without one."""
        margin = self._region.scale.height
        crossing = [rule.place for rule in self._horizontal if rule.start < left - margin and rule.end > right + margin]
        if down:
            return min((place for place in crossing if place > y), default=float("inf"))
        return max((place for place in crossing if place < y), default=float("-inf"))

    # ------------------------------------------------------------ evidence

    def _columns(self, gutter: Gutter, between: Sequence[Phrase]) -> int:
        """How many phrases between its ends speak for columns on both sides of the gutter.

        0 where it parts cells of rows.
        """
        left, right = self._sides(gutter, between)
        few, many = sorted((left, right), key=len)
        if len(few) < MIN_UNMATCHED_ROWS:
            return 0
        y, *start = gutter.path[len(gutter.path) // 2]
        wide = gutter.width >= WIDE * self._space or self._least(start[0], start[1], y) < NARROW * self._space
        if self._force:
            return len(left) + len(right) if wide else 0
        if len(few) >= (MIN_ROWS if wide else 2 * MIN_ROWS) and _is_running(left) and _is_running(right):
            return len(left) + len(right)
        if wide and (_is_filled(left) or _is_filled(right)) and not _rows_match(few, many):
            return len(left) + len(right)
        return 0

    def _sides(self, gutter: Gutter, between: Sequence[Phrase]) -> tuple[list[Phrase], list[Phrase]]:
        """The phrases next to the gutter on each side."""
        left: list[Phrase] = []
        right: list[Phrase] = []
        neighbors = self._region.right_neighbors
        for phrase, middle in zip(between, gutter.middles_beside(between), strict=True):
            if phrase.x0 < middle < phrase.x1:
                continue
            if phrase.x1 <= middle:
                other = neighbors.get(phrase)
                if other is None or other.x0 > middle:
                    left.append(self._lefts.get(phrase, phrase) if phrase.number else phrase)
            else:
                before = self._lefts.get(phrase)
                if before is None or before.x0 < middle:
                    right.append(neighbors.get(phrase, phrase) if phrase.number else phrase)
        return left, right


def _inner_gap(phrase: Phrase, left: float, right: float) -> tuple[float, float] | None:
    """The gap between two words of the phrase that has most in common with the strip."""
    best: tuple[float, float] | None = None
    shared = 0.0
    for first, second in pairwise(phrase.placed):
        overlap = min(second.x0, right) - max(first.x1, left)
        if overlap > shared:
            best, shared = (first.x1, second.x0), overlap
    return best


def _rows_match(few: Sequence[Phrase], many: Sequence[Phrase]) -> bool:
    """Whether the poorer side's phrases stand on the baselines of the other side's."""
    bases = sorted((phrase.baseline, phrase.height) for phrase in many)
    places = [base for base, _ in bases]
    matched = 0
    for phrase in few:
        index = bisect_left(places, phrase.baseline)
        matched += any(
            abs(phrase.baseline - base) <= MATCH * min(phrase.height, height)
            for base, height in bases[max(0, index - 2) : index + 2]
        )
    return matched >= MATCHED * len(few)


def _is_running(side: Sequence[Phrase]) -> bool:
    """Whether most phrases of a column are running text."""
    return sum([phrase.running_text for phrase in side]) >= RUNNING_SHARE * len(side)


def _is_filled(side: Sequence[Phrase]) -> bool:
    """Whether most lines of a column reach its right edge."""
    if len(side) < FILLED_ROWS:
        return False
    left, right = min([phrase.x0 for phrase in side]), max([phrase.x1 for phrase in side])
    limit = FILLED_SHARE * (right - left)
    full = sum([phrase.running_text and right - phrase.x1 < limit for phrase in side])
    return full >= RUNNING_SHARE * len(side)
