"""How much of something may be used in a time: a token bucket that refills evenly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Quota:
    """``limit`` units in ``seconds``, all of which may be used at once; no limit if it is 0."""

    def __init__(self, limit: int, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._rate = limit / seconds
        self._clock = clock
        self._left = float(limit)
        self._at = clock()

    def wait(self, units: int = 1) -> int:
        """Whole seconds until ``units`` may be used; 0 for now."""
        if not self.limit:
            return 0
        self._refill()
        missing = min(units, self.limit) - self._left
        return math.ceil(missing / self._rate) if missing > 0 else 0

    def use(self, units: int = 1) -> None:
        """Use units, also more than are left: then the next have to wait for them."""
        if self.limit:
            self._refill()
            self._left -= units

    def _refill(self) -> None:
        now = self._clock()
        self._left = min(float(self.limit), self._left + (now - self._at) * self._rate)
        self._at = now
