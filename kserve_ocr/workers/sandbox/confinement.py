"""Applies the sandbox to a worker, after it has loaded what it needs and before its first job."""

from __future__ import annotations

import os
import sysconfig
from typing import Final, Literal

from msgspec import Struct

from kserve_ocr.workers.sandbox import landlock, process, seccomp

Mode = Literal["auto", "required", "off"]
"""``auto`` goes on where the kernel lacks a part, ``required`` does not start then."""

_LIBRARIES: Final = (
    *sorted({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}),
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
)
"""Modules and libraries that are loaded when first used."""
_SYSTEM: Final = ("/dev/urandom", "/dev/null", "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu")
"""Read by the C library, OpenCV and qpdf."""


class SandboxError(Exception):
    """The kernel lacks a part of the sandbox that is required."""


class Sandbox(Struct, frozen=True):
    """What a pool's workers keep. ``programs`` is for an engine that starts a program: it may also write its scratch
    directory, and execute what is readable."""

    mode: Mode = "auto"
    readable: tuple[str, ...] = ()
    """Files and directories beside the libraries."""
    programs: bool = False

    @property
    def enabled(self) -> bool:
        return self.mode != "off"


def confine(sandbox: Sandbox, *, scratch: str = "") -> tuple[str, ...]:
    """Confine this process for good; returns the parts that the kernel does not offer.

    Raises SandboxError for a missing part if all are required.
    """
    if not sandbox.enabled:
        return ()
    missing = _missing()
    if missing and sandbox.mode == "required":
        raise SandboxError(f"the sandbox is required, but {' and '.join(missing)}; allow that, or set OCR_SANDBOX=auto")
    process.give_up_privileges()
    process.hide_memory()
    process.limit_resources()
    if landlock.version():
        landlock.restrict(
            readable=(*_LIBRARIES, *_SYSTEM, *sandbox.readable),
            writable=("/dev/null", *([scratch] if scratch else ())),
            executable=sandbox.programs,
        )
    if seccomp.supported():
        seccomp.restrict(programs=sandbox.programs)
    return missing


def _missing() -> tuple[str, ...]:
    found = []
    if not landlock.version():
        found.append("the kernel offers no Landlock (Linux 5.13, enabled at boot)")
    if not seccomp.supported():
        found.append(f"the kernel takes no seccomp filter for {os.uname().machine}")
    return tuple(found)
