"""The filter for both architectures, run by an interpreter of the few instructions that it uses."""

from __future__ import annotations

import errno
import os

import pytest

from kserve_ocr.workers.sandbox import rules
from kserve_ocr.workers.sandbox.seccomp import ALLOW, ERROR, KILL, Instruction, program
from kserve_ocr.workers.sandbox.syscalls import ARCHITECTURES, NEWEST, Architecture, number

PID = 4711
NOT_PERMITTED = ERROR | errno.EPERM


@pytest.fixture(params=sorted(ARCHITECTURES))
def machine(request: pytest.FixtureRequest) -> Architecture:
    return ARCHITECTURES[request.param]


def interpret(instructions: list[Instruction], call: int, *arguments: int, audit: int) -> int:
    """The action for a system call."""
    data = {0: call, 4: audit} | {16 + 8 * at: argument for at, argument in enumerate(arguments)}
    value = at = 0
    while True:
        opcode, if_true, if_false, operand = instructions[at]
        at += 1
        match opcode:
            case 0x20:
                value = data.get(operand, 0)
            case 0x05:
                at += operand
            case 0x06:
                return operand
            case 0x15 | 0x35 | 0x45:
                met = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[opcode]
                at += if_true if met else if_false


def action(machine: Architecture, name: str, *arguments: int, programs: bool = False) -> int:
    call = number(name, machine)
    assert call is not None
    return interpret(program(machine, pid=PID, programs=programs), call, *arguments, audit=machine.audit)


def test_every_name_is_answered_as_its_list_says(machine: Architecture) -> None:
    expected = [(rules.ALLOWED, ALLOW), (rules.ATTACKS, KILL), (rules.STARTS, KILL)]
    expected += [(rules.MISSING, ERROR | errno.ENOSYS)]
    for names, answer in expected:
        for name in names.split():
            if number(name, machine) is not None:
                assert action(machine, name) == answer, name
    for name in rules.PROGRAMS.split():
        if number(name, machine) is not None:
            assert action(machine, name, programs=True) == ALLOW, name
    assert action(machine, "mkdirat") == NOT_PERMITTED
    assert action(machine, "ioctl") == ERROR | errno.ENOTTY


def test_files_are_opened_to_be_read_only(machine: Architecture) -> None:
    assert action(machine, "openat", 0, 0, os.O_RDONLY | os.O_CLOEXEC) == ALLOW
    for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_TMPFILE | os.O_RDWR):
        assert action(machine, "openat", 0, 0, flag) == ERROR | errno.EACCES
        assert action(machine, "openat", 0, 0, flag, programs=True) == ALLOW


def test_signals_go_to_the_process_itself(machine: Architecture) -> None:
    for name in ("kill", "tgkill"):
        assert action(machine, name, PID) == ALLOW
        for other in (1, 0, 0xFFFFFFFF, PID + 1):
            assert action(machine, name, other) == NOT_PERMITTED


def test_threads_are_started_and_processes_are_not(machine: Architecture) -> None:
    thread = 0x3D0F00
    assert action(machine, "clone", thread) == ALLOW
    assert action(machine, "clone", 17) == KILL
    assert action(machine, "clone", 17, programs=True) == ALLOW
    assert action(machine, "clone", thread | 0x10000000) == KILL
    assert action(machine, "clone", 0x40000000, programs=True) == KILL


def test_other_interfaces_and_unknown_calls(machine: Architecture) -> None:
    filters = program(machine, pid=PID, programs=False)
    assert interpret(filters, 3, audit=0x40000003) == KILL  # 32-bit calls
    assert interpret(filters, NEWEST + 1, audit=machine.audit) == ERROR | errno.ENOSYS
    if machine.other_interface is not None:
        assert interpret(filters, machine.other_interface | 1, audit=machine.audit) == KILL
    assert interpret(filters, 0xFFFFFFFF, audit=machine.audit) in {KILL, ERROR | errno.ENOSYS}


def test_no_jump_is_too_long(machine: Architecture) -> None:
    for programs in (False, True):
        filters = program(machine, pid=PID, programs=programs)
        assert len(filters) < 4096
        assert all(max(if_true, if_false) < 256 for _, if_true, if_false, _ in filters)
