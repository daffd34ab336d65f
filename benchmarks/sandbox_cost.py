"""``python -m benchmarks.sandbox_cost``: what confining the workers costs, with the sandbox against without.

Two services run side by side, one with ``OCR_SANDBOX=required`` and one with ``off``, all on one CPU, the load on
another. Text lines, whose workers change jobs most often, go through both by turns in short runs, so that each pair of
runs gives a ratio of CPU time, which other processes disturb less than time. Where a process lies in memory changes its
speed by as much as is to be measured, so both are started several times. Variables: ``ROUNDS`` (16), ``PAIRS`` of
each round (4), ``LINES`` of each run (12).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.common import images, load, servers
from benchmarks.common.servers import Running
from benchmarks.common.usage import cpu_nanoseconds, tree

_MOST = 0.02


def measure(confined: Running, free: Running, *, pairs: int, lines: int) -> list[float]:
    """CPU time of a run with the sandbox, as a ratio to one without, for each pair of runs; the first one alternates.

    Raises LoadError if a line is not read.
    """
    files = [sample.file for sample in images.drawn_kinds()[0].samples]
    for service in (confined, free):
        load.run(service.url, files, clients=1, requests=lines)
    ratios = []
    for pair in range(pairs):
        used = {}
        for service in (confined, free) if pair % 2 else (free, confined):
            pids = tree(service.pids)
            before = cpu_nanoseconds(pids)
            load.run(service.url, files, clients=1, requests=lines)
            used[service] = cpu_nanoseconds(pids) - before
        ratios.append(used[confined] / used[free])
    return ratios


@contextmanager
def services(logs: Path) -> Iterator[tuple[Running, Running]]:
    """One with the sandbox and one without, on the last CPU that this process may use."""
    with (
        servers.service(logs=logs, environment={"OCR_SANDBOX": "required", "OCR_WORKERS": "1"}) as confined,
        servers.service(logs=logs, environment={"OCR_SANDBOX": "off", "OCR_WORKERS": "1"}) as free,
    ):
        last = max(os.sched_getaffinity(0))
        for pid in tree([*confined.pids, *free.pids]):
            for thread in psutil.Process(pid).threads():
                os.sched_setaffinity(thread.id, {last})
        yield confined, free


def report(rounds: Sequence[Sequence[float]]) -> tuple[str, bool]:
    """A line about the ratios of all rounds, and whether the sandbox costs less than it may."""
    medians = [statistics.median(ratios) for ratios in rounds]
    ratio = statistics.mean(medians)
    error = statistics.stdev(medians) / len(medians) ** 0.5 if len(medians) > 1 else 0.0
    line = f"CPU time with the sandbox to without: {ratio:.4f}, standard error {error:.4f}; asked: under {1 + _MOST}"
    return line, ratio < 1 + _MOST


def main() -> int:
    """The exit status: 0 if a line takes less than the bound longer."""
    rounds, pairs, lines = (
        int(os.environ.get(name) or default) for name, default in (("ROUNDS", 16), ("PAIRS", 4), ("LINES", 12))
    )
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-") as logs:
        for number in range(rounds):
            with services(Path(logs)) as (confined, free):
                ratios = measure(confined, free, pairs=pairs, lines=lines)
            found.append(ratios)
            print(f"round {number + 1}: median {statistics.median(ratios):.4f} of {pairs} pairs", flush=True)
    line, kept = report(found)
    print(line)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
