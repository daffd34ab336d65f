"""Reading order of a page: bands from top to bottom, columns from left to right, rows straight across."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from statistics import median
from typing import Literal

from msgspec import Struct

from transformer.structure.order.gutters import MIN_UNMATCHED_ROWS, Gutter, find_gutter
from transformer.structure.order.phrases import Phrase, Rule, Scale, make_phrase
from transformer.structure.order.region import Region
from transformer.structure.order.rows import Row, engine_rows, make_rows

MAX_DEPTH = 12
BREAK = 1.6
"""Distance between rows that parts bands, in usual distances ..."""
BREAK_HEIGHTS = 0.8
"""... and in word heights, at least."""
FLOW_HEIGHTS = 3.0
"""Columns go on below a picture within this distance, if their outer edges differ by no more than that."""
TALL = 2.5
"""Word heights of a phrase that lines beside it cannot be in one row with."""
MIN_ENGINE_ROWS = 3
"""Phrases on each side of a gutter between two heights at which the engine parts columns."""
RULE_SHARE = 0.8
"""Share of a region's width that a rule spans to part it."""


class Leaf(Struct, frozen=True):
    """Rows that are read one after the other."""

    rows: list[Row]
    column: bool
    """Whether it lies in a column beside another one."""


class _Band(Struct, frozen=True):
    """Part of a region: columns beside a gutter, or everything at one height."""

    left: list[Phrase]
    right: list[Phrase]


class ReadingOrder:
    """Orders the phrases of one page."""

    def __init__(
        self,
        scale: Scale,
        *,
        horizontal: Sequence[Rule] = (),
        vertical: Sequence[Rule] = (),
        order: Literal["auto", "rows", "columns"] = "auto",
    ) -> None:
        self._scale = scale
        self._horizontal = horizontal
        self._vertical = vertical
        self._order = order
        self._parted: list[float] = []
        """Heights at which the engine parts columns above from those below."""

    def leaves(self, phrases: list[Phrase], *, depth: int = 0, column: bool = False) -> list[Leaf]:
        """The page's parts in the order in which they are read."""
        if not phrases:
            return []
        few = len(phrases) <= (0 if self._order == "columns" else 2 * MIN_UNMATCHED_ROWS)
        if few or depth > MAX_DEPTH or self._order == "rows":
            return [self._leaf(phrases, column=column)]
        found: list[Leaf] = []
        for band in self._flows(self._bands(Region(phrases, self._scale))):
            if band.right:
                for side in (band.left, band.right):
                    found += self.leaves(side, depth=depth + 1, column=True)
            elif len(band.left) < len(phrases):
                found += self.leaves(band.left, depth=depth + 1, column=column)
            else:
                found.append(self._leaf(band.left, column=column))
        return found

    def _leaf(self, phrases: list[Phrase], *, column: bool) -> Leaf:
        rows: list[Row] = []
        ordered = sorted(phrases, key=attrgetter("middle"))
        beside = _beside_tall(ordered, self._scale)
        for part in _cut(ordered, [height for band in beside for height in band]):
            middle = part[0].middle
            if any(top < middle <= bottom for top, bottom in beside):
                rows += engine_rows(part)
            else:
                rows += make_rows(part, self._scale)
        return Leaf(rows, column)

    def _bands(self, region: Region) -> list[_Band]:
        parts = self._parted_by_rules(region)
        if len(parts) > 1:
            return [band for part in parts for band in self._bands(Region(part, self._scale))]
        gutter = find_gutter(region, self._horizontal, self._vertical, force=self._order == "columns")
        if gutter is None:
            return [_Band(part, []) for part in self._parted_by_space(region)]
        cuts = _engine_cuts(region, gutter)
        parts = _cut(region.phrases, cuts)
        if len(parts) > 1:
            self._parted += cuts
            return [band for part in parts for band in self._bands(Region(part, self._scale))]
        above, left, right, below = _divide(region, gutter)
        return [
            *(self._bands(Region(above, self._scale)) if above else ()),
            _Band(left, right),
            *(self._bands(Region(below, self._scale)) if below else ()),
        ]

    def _parted_by_rules(self, region: Region) -> list[list[Phrase]]:
        """Bands between rules that span the region."""
        return _cut(region.phrases, [rule.place for rule in self._horizontal if self._spans(rule, region)])

    @staticmethod
    def _spans(rule: Rule, region: Region) -> bool:
        left, right = region.edges
        return min(rule.end, right) - max(rule.start, left) >= RULE_SHARE * (right - left)

    def _parted_by_space(self, region: Region) -> list[list[Phrase]]:
        """Bands where rows lie farther apart than usual."""
        gaps: list[tuple[float, float]] = []
        low: float | None = None
        for phrase in sorted(region.reliable, key=attrgetter("y0")):
            if low is not None and phrase.y0 > low:
                gaps.append((phrase.y0 - low, (phrase.y0 + low) / 2))
            low = phrase.y1 if low is None else max(low, phrase.y1)
        if not gaps:
            return [region.phrases]
        usual = median(gap for gap, _ in gaps)
        least = max(BREAK * usual, BREAK_HEIGHTS * self._scale.height)
        return _cut(region.phrases, [y for gap, y in gaps if gap > least])

    def _flows(self, bands: list[_Band]) -> list[_Band]:
        """Columns under one another with the same outer edges and nothing between are one flow around a picture."""
        out: list[_Band] = []
        for band in bands:
            if band.right and out and out[-1].right and self._continues(out[-1], band):
                out[-1] = _Band(out[-1].left + band.left, out[-1].right + band.right)
            else:
                out.append(band)
        return out

    def _continues(self, upper: _Band, lower: _Band) -> bool:
        over, under = (Region(band.left + band.right, self._scale) for band in (upper, lower))
        reach = FLOW_HEIGHTS * self._scale.height
        if under.top - over.bottom >= reach:
            return False
        between = [*(rule.place for rule in self._horizontal if self._spans(rule, over)), *self._parted]
        if any(over.bottom - 2 <= height <= under.top + 2 for height in between):
            return False
        return sum(abs(first - second) for first, second in zip(over.edges, under.edges, strict=True)) < reach


def _beside_tall(phrases: list[Phrase], scale: Scale) -> list[tuple[float, float]]:
    """Bands, from top to bottom, with a tall phrase that has several lines beside it: mastheads.

    No row goes across there, and small boxes on both sides of a title are not in one row with each other either.
    """
    bands: list[tuple[float, float]] = []
    for tall in phrases:
        if not tall.reliable or tall.height < TALL * scale.height or tall.x1 - tall.x0 < 2 * tall.height:
            continue  # a narrow one is no title, but several rows of a table that were recognized as one word
        beside = [
            phrase
            for phrase in phrases
            if phrase.reliable
            and tall.y0 < phrase.middle < tall.y1
            and 2 * phrase.height < tall.height
            and (phrase.x1 <= tall.x0 or phrase.x0 >= tall.x1)
        ]
        if not any(first.y1 <= second.y0 for first in beside for second in beside):
            continue
        blocks = {phrase.block for phrase in beside}
        reach = [tall, *(phrase for phrase in phrases if phrase.block in blocks)]
        top, bottom = min(phrase.middle for phrase in reach), max(phrase.middle for phrase in reach)
        if bands and top <= bands[-1][1]:
            top, bottom = min(top, bands[-1][0]), max(bottom, bands[-1][1])
            bands.pop()
        bands.append((top - 1, bottom))
    return bands


def _engine_cuts(region: Region, gutter: Gutter) -> list[float]:
    """Heights inside the gutter at which the engine, too, has all blocks above before all blocks below.

    It does so where it has seen something that parts the columns above from those below, a faint rule for one.
    """
    phrases = region.phrases
    count = len(phrases)
    first_below, top_below = [max(phrase.block for phrase in phrases) + 1] * (count + 1), [float("inf")] * (count + 1)
    for index in range(count - 1, -1, -1):
        first_below[index] = min(first_below[index + 1], phrases[index].block)
        top_below[index] = min(top_below[index + 1], phrases[index].y0)
    cuts: list[float] = []
    last_above, bottom_above = -1, float("-inf")
    sides = [0, 0]
    for index in range(1, count):
        phrase = phrases[index - 1]
        last_above, bottom_above = max(last_above, phrase.block), max(bottom_above, phrase.y1)
        if gutter.top < phrase.middle < gutter.bottom:
            sides[phrase.x0 > gutter.middle(phrase.middle)] += 1
        parted = last_above < first_below[index] and bottom_above <= top_below[index]
        if parted and min(sides) >= MIN_ENGINE_ROWS and gutter.top < top_below[index] < gutter.bottom:
            cuts.append((bottom_above + top_below[index]) / 2)
            sides = [0, 0]
    return cuts if min(sides) >= MIN_ENGINE_ROWS else cuts[:-1]


def _cut(phrases: list[Phrase], heights: list[float]) -> list[list[Phrase]]:
    """Phrases, sorted from top to bottom, cut at the given heights; parts without phrases are left out."""
    if not heights:
        return [phrases] if phrases else []
    parts: list[list[Phrase]] = [[]]
    cuts = sorted(heights)
    index = 0
    for phrase in phrases:
        while index < len(cuts) and cuts[index] < phrase.middle:
            index += 1
            if parts[-1]:
                parts.append([])
        parts[-1].append(phrase)
    return [part for part in parts if part]


def _divide(region: Region, gutter: Gutter) -> tuple[list[Phrase], list[Phrase], list[Phrase], list[Phrase]]:
    """Phrases above the gutter, left of it, right of it and below it; lines that cross it are cut in two."""
    above: list[Phrase] = []
    left: list[Phrase] = []
    right: list[Phrase] = []
    below: list[Phrase] = []
    for phrase in region.phrases:
        if phrase.middle <= gutter.top:
            above.append(phrase)
        elif phrase.middle >= gutter.bottom:
            below.append(phrase)
        else:
            middle = gutter.middle(phrase.middle)
            placed = phrase.placed
            first = [item for item in placed if item.x0 + item.x1 < 2 * middle]
            if len(first) == len(placed):
                left.append(phrase)
            elif not first:
                right.append(phrase)
            else:
                second = [item for item in placed if item.x0 + item.x1 >= 2 * middle]
                left.append(make_phrase(first, line=phrase.line, block=phrase.block))
                right.append(make_phrase(second, line=phrase.line, block=phrase.block))
    return above, left, right, below
