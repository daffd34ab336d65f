"""What the kernel lets a process give up by itself: privileges, descriptors, resources, the view of its memory."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Collection

from kserve_ocr.workers.wire.frames import MAX_FRAME_BYTES

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_OPEN_FILES = 256


def prctl(option: int, value: int) -> None:
    """The Linux system call of that name. Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def hide_memory() -> None:
    """Keep other processes of the same user from this one's memory, environment and descriptors in ``/proc``."""
    prctl(PR_SET_DUMPABLE, 0)


def give_up_privileges() -> None:
    """Programs that this process starts gain no privileges; the rest of the sandbox needs that."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def limit_resources() -> None:
    """No core dumps, few descriptors, and no memory file larger than a reply may be."""
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, MAX_FRAME_BYTES),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _, most = resource.getrlimit(limit)
        chosen = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(limit, (chosen, chosen))


def close_descriptors_except(kept: Collection[int]) -> None:
    """Close every descriptor above the standard ones but these."""
    first = 3
    for number in sorted(kept):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
