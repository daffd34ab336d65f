"""Values that consecutive words share, so that the text state changes as rarely as possible."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Interval(NamedTuple):
    """Values that are near enough to the wanted one."""

    low: float
    high: float

    def intersection(self, other: Interval) -> Interval:
        """The values of both; ``low`` is above ``high`` if there are none."""
        return Interval(max(self.low, other.low), min(self.high, other.high))

    @property
    def is_empty(self) -> bool:
        return self.low > self.high

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    def roundest(self, steps: Sequence[float]) -> float:
        """The multiple of the first of ``steps`` that has one here, nearest to the middle; else the middle."""
        for step in steps:
            value = round(self.middle / step) * step
            if self.low <= value <= self.high:
                return value
        return self.middle


def shared(accepted: Sequence[Interval]) -> Iterator[Interval]:
    """For each word what is near enough for its whole run.

    Runs are as long as their words have values in common: no other division has fewer runs.
    """
    start = 0
    while start < len(accepted):
        common, end = accepted[start], start + 1
        while end < len(accepted) and not common.intersection(accepted[end]).is_empty:
            common, end = common.intersection(accepted[end]), end + 1
        yield from [common] * (end - start)
        start = end


def around(value: float, by: float, *, least: float = -math.inf) -> Interval:
    """The values that differ from ``value`` by no more than ``by``; none below ``least`` unless they are all."""
    return Interval(max(least, value - by), max(least, value + by))
