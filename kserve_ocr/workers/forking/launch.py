"""Starts the process of a fork server, before anything else is imported if that is wanted.

What workers need takes as long to import as what the server needs. A server that calls :func:`launch_early` first has
both imported side by side; its pool then takes the process that is there. Only the standard library is used.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

_BOOTSTRAP: Final = (
    "import sys; sys.path[:] = sys.argv[4:]; "
    "from kserve_ocr.workers.forking import fork_server; fork_server.main(int(sys.argv[1]), *sys.argv[2:4])"
)
_VARIABLES: Final = frozenset({"PATH", "HOME", "TMPDIR", "TZ", "LANG", "GLIBC_TUNABLES"})
_PREFIXES: Final = ("LC_", "LD_", "PYTHON", "MALLOC_", "OMP_", "OPENBLAS_", "OPENCV_", "ASAN_", "UBSAN_")
"""Variables that libraries read in a worker. Settings and secrets of the server are not among them."""


class WorkerProgram(Struct, frozen=True):
    """What a fork server is started with."""

    modules: tuple[str, ...] = ()
    """Imported before the first worker is forked."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further variables."""
    rare_modules: tuple[str, ...] = ()
    """Imported when the first workers are ready, so that later ones have them; a worker without them imports them."""


class ForkServerLaunch(Struct, frozen=True):
    """A process that imports modules and then waits for its configuration on ``control``."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    output: int
    """Descriptor to read what it and its workers write to their standard output and error."""

    def discard(self) -> None:
        """End the process."""
        self.control.close()
        os.close(self.output)
        self.process.kill()
        self.process.wait()


_early: list[tuple[WorkerProgram, ForkServerLaunch]] = []


def launch(program: WorkerProgram) -> ForkServerLaunch:
    """Start a fork server. Raises OSError."""
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read, write = os.pipe2(os.O_CLOEXEC)
    try:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [
                *(sys.executable, "-c", _BOOTSTRAP, str(theirs.fileno())),
                *(",".join(names) for names in (program.modules, program.rare_modules)),
                *sys.path,
            ],
            env={**worker_environment(os.environ), **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=write,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    except BaseException:
        control.close()
        os.close(read)
        raise
    finally:
        theirs.close()
        os.close(write)
    return ForkServerLaunch(process, control, read)


def launch_early(program: WorkerProgram) -> None:
    """Start a fork server for the pool that will be made with this program. It ends when this process does."""
    _early.append((program, launch(program)))


def take(program: WorkerProgram) -> ForkServerLaunch:
    """The fork server that was started early with this program, if it is alive; else a new one. Raises OSError."""
    for entry in _early:
        if entry[0] == program:
            _early.remove(entry)
            if entry[1].process.poll() is None:
                return entry[1]
            entry[1].discard()
            break
    return launch(program)


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a worker may see."""
    return {name: value for name, value in environment.items() if name in _VARIABLES or name.startswith(_PREFIXES)}
