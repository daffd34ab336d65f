"""``python -m benchmarks.speed.line_cost --against COMMIT``: CPU time of a text line, here and at an older commit.

The older commit is checked out beside this one, its C++ library is built, and both services run side by side on one
CPU, by the packages that are installed here (:mod:`benchmarks.common.pairs`). Lines are sent without preparation and
with ``psm=7``, where both commits do the same, and as clients send them. Recognition may have changed in between, so
the servers without their workers are compared too, as a share of the whole line. Variables: ``ROUNDS`` (10), ``PAIRS``
of each round (8), ``LINES`` of each run (12).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.common import pairs, servers
from benchmarks.common.pairs import Used
from tools.local_stack import ROOT

MOST: Final = 0.02
"""Of an older line's CPU time, what the servers may take more."""
_QUERIES: Final = {"the same work": "?preprocess=none&psm=7", "as clients send it": ""}
_ONE_WORKER: Final = {"OCR_WORKERS": "1"}


@contextmanager
def checkout(commit: str, folder: Path) -> Iterator[Path]:
    """The commit in a new folder, with its C++ library, during the block. Raises CalledProcessError."""
    root = folder / "older"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", root, commit], cwd=ROOT, check=True)
    try:
        subprocess.run([sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"], cwd=root, check=True)
        yield root
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", root], cwd=ROOT, check=True)


def measure(
    older: Path, logs: Path, *, count: int, lines: int, older_first: bool
) -> dict[str, list[tuple[Used, Used]]]:
    """What both services used in each pair of runs, this one's first, by the names of the queries."""
    with ExitStack() as running:
        roots = (older, ROOT) if older_first else (ROOT, older)
        started = {
            root: running.enter_context(servers.service(logs=logs, environment=_ONE_WORKER, root=root))
            for root in roots
        }
        pairs.pin(list(started.values()))
        return {
            name: pairs.measure(started[ROOT], started[older], pairs=count, lines=lines, query=query)
            for name, query in _QUERIES.items()
        }


def report(starts: Sequence[dict[str, list[tuple[Used, Used]]]]) -> tuple[str, bool]:
    """Lines about all starts, and whether the servers take no more than they may for the same work."""
    lines = []
    kept = True
    for name in starts[0]:
        total = pairs.ratio([[here.total / older.total for here, older in start[name]] for start in starts])
        added = [[(here.servers - older.servers) / older.total for here, older in start[name]] for start in starts]
        lines.append(f"line, {name}: CPU time here to there {total}")
        lines.append(f"    added by the servers without their workers: {pairs.ratio(added)} of the line there")
        kept &= name != next(iter(_QUERIES)) or pairs.ratio(added).mean <= MOST
    lines.append(f"asked: at most {MOST} added for the same work: {'kept' if kept else 'NOT KEPT'}")
    return "\n".join(lines), kept


def main() -> int:
    """The exit status: 0 if the servers take no more than they may."""
    parser = argparse.ArgumentParser(description="CPU time of a text line, here and at an older commit")
    parser.add_argument("--against", required=True, metavar="COMMIT", help="the older commit")
    rounds, count, lines = (
        int(os.environ.get(name) or default) for name, default in (("ROUNDS", 10), ("PAIRS", 8), ("LINES", 12))
    )
    commit = parser.parse_args().against
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, checkout(commit, Path(folder)) as older:
        starts = []
        for number in range(rounds):
            starts.append(measure(older, Path(folder), count=count, lines=lines, older_first=bool(number % 2)))
            print(f"round {number + 1} of {rounds}", flush=True)
    text, kept = report(starts)
    print(text)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
