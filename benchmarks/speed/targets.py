"""The ratios that matter, and what is asked of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.speed.plan import WARM
from benchmarks.speed.systems import Measurement

ENGINE, OLDER, COMMAND, NONE, AUTO = "engine", "older", "command", "none", "auto"


@dataclass(frozen=True)
class Bar:
    """A ratio, None if it could not be measured, and its bound: at least, or at most. None if nothing is asked."""

    title: str
    value: float | None
    bound: float | None
    at_least: bool

    @property
    def met(self) -> bool | None:
        if self.value is None or self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


class Table:
    """Measurements by system, kind of image and number of clients."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self._all = measurements

    def find(self, system: str, kind: str, clients: int, turn: int | None = None) -> list[Measurement]:
        """Those measurements; of one round if ``turn`` is given."""
        return [
            found
            for found in self._all
            if (found.system, found.kind, found.clients) == (system, kind, clients)
            and (turn is None or found.round == turn)
        ]

    def rate(self, system: str, kind: str, clients: int, turn: int | None = None) -> float | None:
        """Images a second over all of the measurements."""
        found = self.find(system, kind, clients, turn)
        return sum(one.images for one in found) / sum(one.seconds for one in found) if found else None

    def cpu(self, system: str, kind: str, clients: int) -> float | None:
        """CPU seconds an image."""
        found = self.find(system, kind, clients)
        return sum(one.cpu_seconds for one in found) / sum(one.images for one in found) if found else None

    def median(self, attribute: str, system: str, kind: str, clients: int) -> float | None:
        """The median over rounds of a measurement's attribute."""
        found = self.find(system, kind, clients)
        return statistics.median(getattr(one, attribute) for one in found) if found else None

    def peak(self, system: str, kind: str, clients: int) -> int | None:
        """Most bytes of memory at any time."""
        return max((one.peak_bytes for one in self.find(system, kind, clients)), default=None)

    def ratio(self, system: str, other: str, kind: str, clients: int) -> float | None:
        """The one's rate over the other's, each round by itself; the median over rounds."""
        ratios = []
        for turn in sorted({found.round for found in self.find(system, kind, clients)}):
            one, two = self.rate(system, kind, clients, turn), self.rate(other, kind, clients, turn)
            if one and two:
                ratios.append(one / two)
        return statistics.median(ratios) if ratios else None


def bars(table: Table) -> Iterator[Bar]:
    """What is asked of this service."""
    for kind, share in (("line", 0.85), ("paragraph", 0.95), ("page", 0.95)):
        for clients in (4, 16):
            title = f"{kind}s, {clients} clients: throughput over warm Tesseract's"
            yield Bar(title, table.ratio(NONE, WARM, kind, clients), share, at_least=True)
    for kind in ("line", "paragraph", "page"):
        title = f"{kind}s, 4 clients: throughput over its own engines' in process"
        yield Bar(title, table.ratio(NONE, ENGINE, kind, 4), None, at_least=True)
    for kind, times in (("line", 20.0), ("page", 12.0)):
        ratio = table.ratio(NONE, OLDER, kind, 4)
        yield Bar(f"{kind}s, 4 clients: throughput over the older system's", ratio, times, at_least=True)
    for kind in ("line", "paragraph", "page"):
        p95, rate = table.median("p95", NONE, kind, 16), table.rate(WARM, kind, 16)
        value = p95 * rate / 16 if p95 and rate else None
        yield Bar(f"{kind}s, 16 clients: p95 over 16 images at warm Tesseract's rate", value, 1.3, at_least=False)
    for kind in ("line", "paragraph", "page"):
        many, few = table.peak(NONE, kind, 16), table.peak(NONE, kind, 4)
        value = many / few if many and few else None
        yield Bar(f"{kind}s: peak memory with 16 clients over that with 4", value, 1.1, at_least=False)
    alone = table.median("p50", NONE, "page", 1)
    for system, name, bound in ((WARM, "warm Tesseract", 0.60), (ENGINE, "one of its own engines", None)):
        single = table.median("p50", system, "page", 1)
        value = alone / single if alone and single else None
        yield Bar(f"one page alone: its time over that on {name}", value, bound, at_least=False)
