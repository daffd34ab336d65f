"""The file system, as Landlock leaves it: see the kernel's Documentation/userspace-api/landlock.rst."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on every architecture."""
_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
"""Rights that a rule for a single file may have."""
_READ = _READ_FILE | _READ_DIR
_RIGHTS_SINCE = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights on files each version of the interface knows."""
_TCP_SINCE, _TCP = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11
"""Abstract Unix sockets and signals to processes outside."""


def version() -> int:
    """The version of the interface; 0 without Landlock in the kernel, or where it is switched off."""
    return max(0, _syscall(_CREATE_RULESET, None, 0, _VERSION))


def restrict(*, readable: Iterable[str], writable: Iterable[str], executable: bool) -> None:
    """Leave this process, and those it starts, the files below these paths only; those that do not exist are skipped.

    Readable files may also be executed with ``executable``. TCP, abstract sockets and signals to processes outside are
    denied where the kernel can. The process needs ``no_new_privs``. Raises OSError.
    """
    supported = version()
    every = (1 << max(bits for since, bits in _RIGHTS_SINCE.items() if since <= supported)) - 1
    attributes = struct.pack(
        "=QQQ",
        every,
        _TCP if supported >= _TCP_SINCE else 0,
        _SCOPES if supported >= _SCOPES_SINCE else 0,
    )
    size = 8 if supported < _TCP_SINCE else 16 if supported < _SCOPES_SINCE else 24
    ruleset = _checked(_CREATE_RULESET, attributes, size, 0)
    try:
        read = _READ | (_EXECUTE if executable else 0)
        for path in readable:
            _allow(ruleset, path, read & every)
        for path in writable:
            _allow(ruleset, path, every & ~_EXECUTE)
        _checked(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        _checked(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _checked(number: int, *arguments: object) -> int:
    result = _syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result


def _syscall(number: int, *arguments: object) -> int:
    converted = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *converted))
