"""What a tree of processes uses: CPU seconds and memory, from /proc."""

from __future__ import annotations

import os
import re
import resource
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICKS = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)
_SAMPLE_SECONDS = 0.5


@dataclass
class Usage:
    """Of a block of :func:`measured`: CPU seconds, and the most memory at any sample, in bytes."""

    cpu_seconds: float = 0.0
    peak_bytes: int = 0


def tree(roots: Sequence[int]) -> list[int]:
    """Process ids of the roots and everything below them."""
    found: list[int] = []
    for root in roots:
        process = psutil.Process(root)
        found += [root, *(child.pid for child in process.children(recursive=True))]
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the processes and of their children that have ended and been waited for."""
    return sum(_ticks(pid) for pid in pids) / _TICKS


def cpu_nanoseconds(pids: Sequence[int]) -> int:
    """Time that the threads of the processes, as far as they live, were on a CPU: exact, where ticks are of 10 ms."""
    return sum(
        int(path.read_text().split()[0]) for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat")
    )


def cpu_seconds_of_ended() -> float:
    """User and system time of this process's children that have ended and been waited for, to the microsecond."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended; its parent's figures hold its time
        return 0
    return sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime


def pss_bytes(pids: Sequence[int]) -> int:
    """Proportional set size of the processes together: memory that several share is counted once."""
    return sum(_pss(pid) for pid in pids)


def _pss(pid: int) -> int:
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except PermissionError:  # a confined server hides it from all users but root: what it has alone
        memory = psutil.Process(pid).memory_info()
        return int(memory.rss - memory.shared)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


@contextmanager
def measured(roots: Sequence[int]) -> Iterator[Usage]:
    """Measure the trees below ``roots`` during the block; the figures are there when it has ended."""
    usage = Usage()
    ended = threading.Event()

    def sample() -> None:
        while True:
            usage.peak_bytes = max(usage.peak_bytes, pss_bytes(tree(roots)))
            if ended.wait(_SAMPLE_SECONDS):
                return

    before = cpu_seconds(tree(roots))
    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield usage
    finally:
        usage.cpu_seconds = cpu_seconds(tree(roots)) - before
        ended.set()
        sampler.join()
