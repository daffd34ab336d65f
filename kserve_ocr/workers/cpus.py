"""The CPUs that this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def granted_cpus(*, root: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """Whole CPUs granted by affinity and by the cgroup's quota (v1 or v2), whichever is less, at least 1."""
    quotas = [quota for directory in _directories(root, membership) if (quota := _quota(directory)) is not None]
    return max(1, math.floor(min([len(os.sched_getaffinity(0)), *quotas])))


def _directories(root: Path, membership: Path) -> list[Path]:
    """This process's cgroup directories and all above them, since any of them may hold a quota."""
    found = []
    for line in _lines(membership):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / controllers if controllers else root
        group = top / path.lstrip("/")
        found += [group, *(parent for parent in group.parents if parent.is_relative_to(top))]
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _quota(directory: Path) -> float | None:
    """CPUs that one cgroup grants, or None for no limit."""
    lines = _lines(directory / "cpu.max")
    values = lines[0].split() if lines else []
    if not values:
        values = [*_lines(directory / "cpu.cfs_quota_us"), *_lines(directory / "cpu.cfs_period_us")]
    if len(values) != 2 or values[0] in {"max", "-1"} or int(values[1]) <= 0:
        return None
    return int(values[0]) / int(values[1])
