"""The filter of system calls: a classic BPF program for seccomp, see the kernel's seccomp_filter.rst and seccomp(2).

Whatever no rule names is refused with an error: EPERM, or ENOSYS for calls that are newer than the table.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from kserve_ocr.workers.sandbox import rules
from kserve_ocr.workers.sandbox.syscalls import NEWEST, Architecture, architecture, number

ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
"""Actions of seccomp; ERROR takes an errno in its low bits."""

_LOAD, _JUMP, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN, _AND = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06, 0x54
"""Opcodes: load a word, jump, jump if equal, if greater or equal, if any bit is set, return, bitwise and."""
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
"""Places in ``struct seccomp_data``; an argument's low word comes first on both architectures."""

_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020000
"""All of the namespaces."""
_PR_SET_NAME = 15
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SECCOMP_SET_MODE_FILTER = 1
_ALL_THREADS, _SPECULATION_ALLOWED = 1, 4
_SECCOMP = {"x86_64": 317, "aarch64": 277}

Instruction = tuple[int, int, int, int]
"""Opcode, instructions to skip if true, if false, and the operand."""


def supported() -> bool:
    """Whether the kernel takes filters, and there is a table for this architecture."""
    if architecture() is None:
        return False
    action = ctypes.c_uint32(KILL)
    get_action_available = 2
    return _seccomp(get_action_available, 0, ctypes.byref(action)) == 0


def restrict(*, programs: bool) -> None:
    """Filter the system calls of every thread of this process. It needs ``no_new_privs``. Raises OSError."""
    machine = architecture()
    assert machine is not None
    instructions = program(machine, pid=os.getpid(), programs=programs)
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(instructions), ctypes.addressof(buffer))
    if _seccomp(_SECCOMP_SET_MODE_FILTER, _ALL_THREADS | _SPECULATION_ALLOWED, header) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def program(machine: Architecture, *, pid: int, programs: bool) -> list[Instruction]:
    """The filter for an architecture. Signals may go to ``pid`` only, the process itself."""
    made: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine.other_interface is not None:
        made += [(_AT_LEAST, 0, 1, machine.other_interface), (_RETURN, 0, 0, KILL)]
    attacks = rules.ATTACKS if programs else f"{rules.ATTACKS} {rules.STARTS}"
    made += _group(rules.ALLOWED, ALLOW, machine)
    made += _group(rules.PROGRAMS if programs else "", ALLOW, machine)
    made += _group(attacks, KILL, machine)
    made += _group(rules.MISSING, ERROR | errno.ENOSYS, machine)
    made += _group("ioctl", ERROR | errno.ENOTTY, machine)
    made += _argument("open", 1, _opened(programs=programs), machine)
    made += _argument("openat", 2, _opened(programs=programs), machine)
    made += _argument("clone", 0, _cloned(programs=programs), machine)
    made += _argument("prctl", 0, _only(_PR_SET_NAME), machine)
    for name in ("kill", "tgkill"):
        made += _argument(name, 0, _only(pid), machine)
    return [*made, (_AT_LEAST, 0, 1, NEWEST + 1), (_RETURN, 0, 0, ERROR | errno.ENOSYS), (_RETURN, 0, 0, _REFUSED)]


_REFUSED = ERROR | errno.EPERM


def _group(names: str, action: int, machine: Architecture) -> list[Instruction]:
    """One action for all calls of these names; falls through for any other."""
    numbers = [found for name in names.split() if (found := number(name, machine)) is not None]
    if not numbers:
        return []
    last = len(numbers)
    compare = [(_EQUAL, last - at, 0, found) for at, found in enumerate(numbers)]
    return [*compare, (_JUMP, 0, 0, 1), (_RETURN, 0, 0, action)]


def _argument(name: str, position: int, decide: list[Instruction], machine: Architecture) -> list[Instruction]:
    """A decision by the low word of one argument, which always returns; falls through for any other call."""
    found = number(name, machine)
    if found is None:
        return []
    return [(_EQUAL, 0, len(decide) + 1, found), (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * position), *decide]


def _only(value: int) -> list[Instruction]:
    return [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, ALLOW), (_RETURN, 0, 0, _REFUSED)]


def _opened(*, programs: bool) -> list[Instruction]:
    """Files may be opened to be read. A program has files of its own, where Landlock allows them."""
    if programs:
        return [(_RETURN, 0, 0, ALLOW)]
    return [(_ANY_BIT, 0, 1, _WRITES), (_RETURN, 0, 0, ERROR | errno.EACCES), (_RETURN, 0, 0, ALLOW)]


def _cloned(*, programs: bool) -> list[Instruction]:
    """Threads may be started, processes only for a program; never in new namespaces."""
    same_namespaces = [(_ANY_BIT, 0, 1, _CLONE_NEW), (_RETURN, 0, 0, KILL)]
    if programs:
        return [*same_namespaces, (_RETURN, 0, 0, ALLOW)]
    return [*same_namespaces, (_ANY_BIT, 0, 1, _CLONE_THREAD), (_RETURN, 0, 0, ALLOW), (_RETURN, 0, 0, KILL)]


def _seccomp(operation: int, flags: int, argument: object) -> int:
    call = _SECCOMP[os.uname().machine]
    library = ctypes.CDLL(None, use_errno=True)
    return int(library.syscall(ctypes.c_long(call), ctypes.c_uint(operation), ctypes.c_uint(flags), argument))
