"""Rows: lines that stand side by side, joined from left to right."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import attrgetter

from msgspec import Struct, field

from transformer.structure.order.phrases import Phrase, Scale, make_phrase
from transformer.structure.order.region import in_one_row

LOOK_BACK = 12
"""Rows that a line is compared with: those that were begun last."""
MAX_OVERLAP = 0.5
"""Word spaces by which parts of one row may overlap horizontally."""


class Row(Struct, eq=False):
    """Parts of lines side by side, from left to right."""

    parts: list[Phrase] = field(default_factory=list)
    lefts: list[float] = field(default_factory=list)
    """Left edges of the parts."""
    y0: float = float("inf")
    y1: float = float("-inf")

    @property
    def middle(self) -> float:
        return sum([part.middle for part in self.parts]) / len(self.parts)

    def place(self, part: Phrase, overlap: float) -> float | None:
        """Distance of its baseline to its neighbor's in the row; None if it does not belong there."""
        index = bisect_left(self.lefts, part.x0)
        before = self.parts[index - 1] if index else None
        after = self.parts[index] if index < len(self.parts) else None
        if before is not None and before.x1 > part.x0 + overlap:
            return None
        if after is not None and after.x0 < part.x1 - overlap:
            return None
        if before is None or (after is not None and after.x0 - part.x1 < part.x0 - before.x1):
            before = after
        assert before is not None
        return abs(part.baseline - before.baseline) if in_one_row(part, before) else None

    def add(self, part: Phrase) -> None:
        index = bisect_right(self.lefts, part.x0)
        self.lefts.insert(index, part.x0)
        self.parts.insert(index, part)
        self.y0 = min(self.y0, part.y0)
        self.y1 = max(self.y1, part.y1)


def whole_lines(phrases: Iterable[Phrase]) -> list[Phrase]:
    """Phrases of the same line put together."""
    lines: dict[int, list[Phrase]] = {}
    for phrase in phrases:
        lines.setdefault(phrase.line, []).append(phrase)
    return [parts[0] if len(parts) == 1 else _joined(parts) for parts in lines.values()]


def _joined(parts: list[Phrase]) -> Phrase:
    placed = sorted([item for part in parts for item in part.placed], key=attrgetter("x0"))
    return make_phrase(placed, line=parts[0].line, block=parts[0].block)


def make_rows(phrases: Iterable[Phrase], scale: Scale) -> list[Row]:
    """Rows from top to bottom; a line stays whole and goes to the row whose baseline is nearest beside it."""
    overlap = MAX_OVERLAP * scale.space
    rows: list[Row] = []
    for part in sorted(whole_lines(phrases), key=attrgetter("middle")):
        best: Row | None = None
        distance = float("inf")
        y0, y1 = part.y0, part.y1
        for row in [row for row in rows[-LOOK_BACK:] if row.y0 < y1 and row.y1 > y0]:
            away = row.place(part, overlap)
            if away is not None and away < distance:
                best, distance = row, away
        if best is None:
            best = Row()
            rows.append(best)
        best.add(part)
    return sorted(rows, key=attrgetter("middle"))


def engine_rows(phrases: Iterable[Phrase]) -> list[Row]:
    """Each line by itself, in the engine's order."""
    rows = []
    for part in sorted(whole_lines(phrases), key=lambda part: part.line):
        rows.append(Row())
        rows[-1].add(part)
    return rows
