"""The process that forks the workers of a pool.

A server process has threads, an event loop and gRPC, and must not be forked. So a pool starts one small process, the
fork server, which imports what the workers need and forks a worker on request: a replacement takes milliseconds, and
imported memory is shared. The fork server is the parent of the workers: it kills and reaps them without a race on
process ids. It exits, and every worker with it, when its control socket closes, that is whenever the server exits;
workers exit when the fork server does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.workers.sandbox import process
from kserve_ocr.workers.sandbox.confinement import Sandbox, confine
from kserve_ocr.workers.wire import frames, jobs
from kserve_ocr.workers.worker_main import OUT_OF_MEMORY, Start, run_worker

MESSAGE = struct.Struct("=cIi")
"""Control messages: kind, worker number, wait status."""

SPAWN, KILL = b"s", b"k"
READY, EXITED = b"r", b"x"


_QUIET_MILLISECONDS = 1000
"""Without a message for so long, the first workers are ready."""
_STATUS_ONE = 1 << 8
"""The wait status of a process that ended with status 1."""


class ForkServerConfig(Struct, frozen=True):
    """Configuration sent to the fork server as its first frame. ``start`` is pickled: it may need what is imported."""

    start: bytes
    memory_bytes: int
    scratch: str
    sandbox: Sandbox


def main(control_descriptor: int, modules: str, rare_modules: str) -> None:
    """Import ``modules``, separated by commas, then run the fork server on its control socket until that closes.

    ``rare_modules`` are imported when the first workers are ready.
    """
    gc.disable()  # imports are faster without
    control = socket.socket(fileno=control_descriptor)
    # Signals may reach the whole process group; only the server handles them, by draining.
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    # Children of a killed worker are reparented to this process, which reaps them. QEMU, which runs images of other
    # processors, does not offer that; they are then reparented to the first process of the container.
    with contextlib.suppress(OSError):
        process.prctl(process.PR_SET_CHILD_SUBREAPER, 1)
    first, rare = ([name for name in names.split(",") if name] for names in (modules, rare_modules))
    _import(first)
    try:
        config: ForkServerConfig = jobs.decode(frames.receive(control).parts)
    except (EOFError, ConnectionError):  # the server ended before it needed workers
        return
    if config.sandbox.enabled:
        process.hide_memory()
    start = pickle.loads(config.start)  # noqa: S301 - from the process that started this one
    control.send(MESSAGE.pack(READY, 0, 0))
    gc.freeze()  # collections in a worker then do not touch memory pages that it shares
    gc.enable()
    if rare:
        packages = (*config.sandbox.readable, *_folders([*first, *rare]))
        config = replace(config, sandbox=replace(config.sandbox, readable=packages))
    try:
        ForkServer(control, config, start, rare).run()
    finally:
        if config.scratch:
            shutil.rmtree(config.scratch, ignore_errors=True)


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)


def _folders(modules: Sequence[str]) -> set[str]:
    """Where a confined worker finds the packages of these modules, which need not be installed among the libraries."""
    packages = {module.partition(".")[0] for module in (__name__, *modules)}
    found = [spec for package in packages if (spec := find_spec(package)) is not None]
    return {folder for spec in found for folder in spec.submodule_search_locations or ()}


class ForkServer:
    """Forks, kills and reaps workers on request of the control socket."""

    def __init__(
        self, control: socket.socket, config: ForkServerConfig, start: Start, rare_modules: Sequence[str] = ()
    ) -> None:
        self._control = control
        self._config = config
        self._start = start
        self._rare_modules = rare_modules
        self._pids: dict[int, int] = {}
        self._numbers: dict[int, int] = {}

    def run(self) -> None:
        """Serve the control socket until it closes; every worker is dead and reaped on return."""
        woken, wake = socket.socketpair()
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(woken, select.POLLIN)
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                ready = dict(poll.poll(_QUIET_MILLISECONDS if self._pids and self._rare_modules else None))
                if not ready:
                    _import(self._rare_modules)
                    gc.collect()
                    gc.freeze()
                    self._rare_modules = ()
                if woken.fileno() in ready:
                    woken.recv(4096)
                    self._reap()
                if self._control.fileno() in ready:
                    self._serve(inherited=(woken, wake))
        for pid in self._numbers:
            _kill_group(pid)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    def _serve(self, *, inherited: tuple[socket.socket, ...]) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE.size, 1)
        if not message:
            raise EOFError
        kind, number, _ = MESSAGE.unpack(message)
        if kind == KILL:
            if number in self._pids:
                _kill_group(self._pids[number])
            return
        with socket.socket(fileno=descriptors[0]) as channel:
            parent = os.getpid()
            try:
                pid = os.fork()
            except OSError:  # no memory or process id left: only this worker fails
                traceback.print_exc()
                self._control.send(MESSAGE.pack(EXITED, number, _STATUS_ONE))
                return
            if pid == 0:
                for other in (self._control, *inherited):
                    other.detach()  # closed with all other descriptors
                self._become_worker(channel, number, parent=parent)
            with contextlib.suppress(OSError):  # the child does the same; one of the two comes first
                os.setpgid(pid, pid)
        self._pids[number] = pid
        self._numbers[pid] = number

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                pid: int = ended.si_pid
                if pid in self._numbers:
                    # kill its children too; the unreaped worker keeps the process-group id from being reused
                    _kill_group(pid)
                _, status = os.waitpid(pid, 0)
                number = self._numbers.pop(pid, None)
                if number is None:
                    continue
                del self._pids[number]
                if self._config.scratch:
                    shutil.rmtree(self._scratch(number), ignore_errors=True)
                self._control.send(MESSAGE.pack(EXITED, number, status))

    def _scratch(self, number: int) -> str:
        return os.path.join(self._config.scratch, str(number))  # noqa: PTH118 - pathlib is not loaded here

    def _become_worker(self, channel: socket.socket, number: int, *, parent: int) -> NoReturn:
        status = 1
        scratch = self._scratch(number) if self._config.scratch else ""
        try:
            process.close_descriptors_except({channel.fileno()})
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(parent)
            with contextlib.suppress(OSError):
                os.setpgid(0, 0)
            if scratch:
                os.mkdir(scratch, 0o700)  # noqa: PTH102 - as below
                tempfile.tempdir = scratch
            if self._config.memory_bytes:
                resource.setrlimit(resource.RLIMIT_AS, (self._config.memory_bytes,) * 2)
            status = run_worker(channel, self._start, lambda: confine(self._config.sandbox, scratch=scratch))
        except MemoryError:
            status = OUT_OF_MEMORY
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                sys.stderr.flush()
            os._exit(status)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent``, the process that forked it, ends."""
    process.prctl(process.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before the line above
        os._exit(1)


def _kill_group(pid: int) -> None:
    """SIGKILL a worker and what it has started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)
