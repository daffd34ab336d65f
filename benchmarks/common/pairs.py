"""Two services compared by CPU time: text lines through both by turns in short runs, each pair of which gives a ratio.

CPU time is less sensitive to other processes than time, and the pairs are short, so that what changes on the machine
meets both services. Where a process lies in memory changes its speed by some per cent: start both several times.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence

import psutil
from msgspec import Struct

from benchmarks.common import images, load
from benchmarks.common.servers import Running
from benchmarks.common.usage import cpu_nanoseconds, tree


class Ratio(Struct, frozen=True):
    """Mean over several starts of the medians of their pairs, and its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.4f}, standard error {self.error:.4f}"


def ratio(starts: Sequence[Sequence[float]]) -> Ratio:
    """Of the ratios of all pairs, by start; at least one start with one pair."""
    medians = [statistics.median(ratios) for ratios in starts]
    error = statistics.stdev(medians) / len(medians) ** 0.5 if len(medians) > 1 else 0.0
    return Ratio(statistics.mean(medians), error)


def pin(services: Sequence[Running]) -> None:
    """Keep all processes of the services on the last CPU that this process may use; the load has the others."""
    last = max(os.sched_getaffinity(0))
    for pid in tree([pid for service in services for pid in service.pids]):
        for thread in psutil.Process(pid).threads():
            os.sched_setaffinity(thread.id, {last})


class Used(Struct, frozen=True):
    """Nanoseconds of CPU of one run: of all processes, and of the two servers without their workers."""

    total: int
    servers: int


def measure(one: Running, other: Running, *, pairs: int, lines: int, query: str = "") -> list[tuple[Used, Used]]:
    """What both services used in each pair of runs, of which the second begins every other pair.

    ``query`` is added to the services' addresses. Raises LoadError if a line is not read.
    """
    found = []
    for number in range(-1, pairs):  # the first pair warms up
        if number % 2:
            second = _run(other, lines=lines, query=query)
            found.append((_run(one, lines=lines, query=query), second))
        else:
            found.append((_run(one, lines=lines, query=query), _run(other, lines=lines, query=query)))
    return found[1:]


def _run(service: Running, *, lines: int, query: str) -> Used:
    files = [images.line(seed).file for seed in range(images.VARIANTS)]
    pids = tree(service.pids)
    total, servers = -cpu_nanoseconds(pids), -cpu_nanoseconds(service.pids)
    load.run(f"{service.url}{query}", files, clients=1, requests=lines)
    return Used(total + cpu_nanoseconds(pids), servers + cpu_nanoseconds(service.pids))
