"""What a worker knows of the processes around it: how busy the pool's other workers are, and that its parent lives.

How busy they are stands in memory that all of them map, a byte for each worker: how many processes it keeps busy. That
of a worker that was killed is the nursery's to clear.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_MOST = 255
_PR_SET_PDEATHSIG = 1

_slots: mmap.mmap | None = None
_slot = 0


def lay_out() -> None:
    """Make the memory; in the process that forks the workers, before it does."""
    global _slots  # noqa: PLW0603 - a process belongs to one pool
    _slots = mmap.mmap(-1, mmap.PAGESIZE)


def become(number: int) -> None:
    """This process is worker ``number`` from now on."""
    global _slot  # noqa: PLW0603 - as above
    _slot = number % mmap.PAGESIZE


def forget(number: int) -> None:
    """Worker ``number`` has ended."""
    if _slots is not None:
        _slots[number % mmap.PAGESIZE] = 0


@contextmanager
def occupying(processes: int) -> Iterator[None]:
    """This worker keeps so many processes busy meanwhile, itself included."""
    if _slots is None:
        yield
        return
    before, _slots[_slot] = _slots[_slot], min(processes, _MOST)
    try:
        yield
    finally:
        _slots[_slot] = before


def others() -> int:
    """Processes that the pool's other workers keep busy; 0 in a process of no pool."""
    return 0 if _slots is None else sum(_slots[:]) - _slots[_slot]


def end_with(parent: int) -> None:
    """Have this process killed when ``parent`` ends, which must be the one that forked it."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def prctl(option: int, value: int) -> None:
    """Linux's call of that name. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
