"""``python -m benchmarks.sandbox_cost``: what confining the workers costs, with the sandbox against without.

Two services run side by side, one with ``OCR_SANDBOX=required`` and one with ``off``. Text lines, whose workers change
jobs most often, go through both by turns, one at a time, so that each pair of runs gives a ratio. CPU time of all
processes is less sensitive to what else runs than time. Variables: ``PAIRS`` (30), ``LINES``, of each run (100).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import images, load, servers
from benchmarks.common.servers import Running
from benchmarks.common.usage import cpu_seconds, tree

_MOST = 0.02


@dataclass(frozen=True)
class Cost:
    """Of a run with the sandbox, as a ratio to one without, for each pair of runs."""

    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]


def measure(confined: Running, free: Running, *, pairs: int, lines: int) -> Cost:
    """Send runs of lines through both services; which one comes first alternates.

    Raises LoadError if a line is not read.
    """
    files = [sample.file for sample in images.drawn_kinds()[0].samples]
    for service in (confined, free):
        load.run(service.url, files, clients=1, requests=lines)
    seconds, cpu = [], []
    for pair in range(pairs):
        took, used = {}, {}
        for service in (confined, free) if pair % 2 else (free, confined):
            before = cpu_seconds(tree(service.pids))
            took[service] = load.run(service.url, files, clients=1, requests=lines).seconds
            used[service] = cpu_seconds(tree(service.pids)) - before
        seconds.append(took[confined] / took[free])
        cpu.append(used[confined] / used[free])
    return Cost(tuple(seconds), tuple(cpu))


def main() -> int:
    """The exit status: 0 if a line takes less than the bound longer."""
    pairs, lines = int(os.environ.get("PAIRS") or 30), int(os.environ.get("LINES") or 100)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as logs,
        servers.service(logs=Path(logs), environment={"OCR_SANDBOX": "required"}) as confined,
        servers.service(logs=Path(logs), environment={"OCR_SANDBOX": "off"}) as free,
    ):
        cost = measure(confined, free, pairs=pairs, lines=lines)
    print(f"{pairs} pairs of {lines} text lines, with the sandbox to without (medians, standard errors of the means):")
    kept = True
    for name, found in ("time", cost.seconds), ("CPU time", cost.cpu_seconds):
        ratio = statistics.median(found)
        spread = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else 0.0
        print(f"    {name}: {ratio:.4f} ({spread:.4f})")
        kept &= ratio < 1 + _MOST
    print(f"asked: less than {_MOST:.0%} more: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
