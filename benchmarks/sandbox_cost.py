"""``python -m benchmarks.sandbox_cost``: what confining the workers costs, with the sandbox against without.

Two services run side by side, one with ``OCR_SANDBOX=required`` and one with ``off``, all on one CPU, the load on
another. They read text lines, whose workers change jobs most often (:mod:`benchmarks.common.pairs`). Variables:
``ROUNDS`` (16), ``PAIRS`` of each round (4), ``LINES`` of each run (12).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common import pairs, servers
from benchmarks.common.servers import Running

_MOST = 0.02


@contextmanager
def services(logs: Path) -> Iterator[tuple[Running, Running]]:
    """One with the sandbox and one without, on the last CPU that this process may use."""
    with (
        servers.service(logs=logs, environment={"OCR_SANDBOX": "required", "OCR_WORKERS": "1"}) as confined,
        servers.service(logs=logs, environment={"OCR_SANDBOX": "off", "OCR_WORKERS": "1"}) as free,
    ):
        pairs.pin((confined, free))
        yield confined, free


def report(rounds: Sequence[Sequence[float]]) -> tuple[str, bool]:
    """A line about the ratios of all rounds, and whether the sandbox costs less than it may."""
    found = pairs.ratio(rounds)
    return f"CPU time with the sandbox to without: {found}; asked: under {1 + _MOST}", found.mean < 1 + _MOST


def main() -> int:
    """The exit status: 0 if a line takes less than the bound longer."""
    rounds, count, lines = (
        int(os.environ.get(name) or default) for name, default in (("ROUNDS", 16), ("PAIRS", 4), ("LINES", 12))
    )
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-") as logs:
        for number in range(rounds):
            with services(Path(logs)) as (confined, free):
                used = pairs.measure(confined, free, pairs=count, lines=lines)
            ratios = [one.total / other.total for one, other in used]
            found.append(ratios)
            print(f"round {number + 1}: median {statistics.median(ratios):.4f} of {count} pairs", flush=True)
    line, kept = report(found)
    print(line)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
