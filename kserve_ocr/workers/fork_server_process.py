"""The server's handle on a running fork server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from kserve_ocr.workers import channel as frames
from kserve_ocr.workers.fork_server import EXITED, KILL, MESSAGE, READY, SPAWN, Nursing
from kserve_ocr.workers.worker_handle import Died, Worker, describe

_BOOTSTRAP = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from kserve_ocr.workers import fork_server; fork_server.main(int(sys.argv[1]))"
)


_PATIENCE = 10.0
"""Seconds that a nursery gets to end once its socket is closed; it needs milliseconds."""


class NurseryProcess:
    """A running nursery. Its death is reported as the death of each of its workers."""

    def __init__(self, nursing: Nursing, *, environment: Mapping[str, str]) -> None:
        self._nursing = nursing
        self._workers: dict[int, Worker] = {}
        self._next = 0
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter
                [sys.executable, "-c", _BOOTSTRAP, str(theirs.fileno()), *sys.path],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        frames.send(self._control, nursing)
        self._control.setblocking(False)
        self._loop.add_reader(self._control.fileno(), self._on_readable)

    @property
    def alive(self) -> bool:
        return not self._gone.done()

    @property
    def pid(self) -> int:
        return self._process.pid

    def spawn(self) -> Worker:
        """A new worker, not yet started. Raises Died when the nursery is gone."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                socket.send_fds(self._control, [MESSAGE.pack(SPAWN, self._next, 0)], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise Died("could not be started") from error
        ours.setblocking(False)
        worker = self._workers[self._next] = Worker(self._next, ours)
        self._next += 1
        return worker

    def kill(self, worker: Worker) -> None:
        """End a worker at once, whatever it is doing, stopped or not."""
        worker.abandon()
        with contextlib.suppress(OSError):
            self._control.send(MESSAGE.pack(KILL, worker.number, 0))

    async def stop(self) -> None:
        """End the nursery and every worker; nothing of them is left on return."""
        if self.alive:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
            await asyncio.wait([self._gone], timeout=_PATIENCE)
            self._on_gone()

    def _on_readable(self) -> None:
        while True:
            try:
                message = self._control.recv(MESSAGE.size)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._on_gone()
                return
            kind, number, value = MESSAGE.unpack(message)
            if kind == READY:
                self.ready.set_result(None)
            elif kind == EXITED:
                self._workers.pop(number).ended(describe(value))

    def _on_gone(self) -> None:
        if self._gone.done():
            return
        self._gone.set_result(None)
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        if not self.ready.done():
            self.ready.set_exception(Died("the process that starts workers ended"))
            self.ready.exception()
        for worker in self._workers.values():
            worker.ended("ended with the process that started it")
        self._workers.clear()
        if self._nursing.scratch:
            shutil.rmtree(self._nursing.scratch, ignore_errors=True)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def scratch_directory(name: str) -> str:
    """A new directory for the temporary files of a nursery's workers."""
    return tempfile.mkdtemp(prefix=f"{name}-")
