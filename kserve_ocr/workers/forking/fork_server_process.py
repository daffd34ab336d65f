"""The server's handle on a running fork server."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile

from kserve_ocr.workers.forking import launch
from kserve_ocr.workers.forking.fork_server import EXITED, KILL, MESSAGE, READY, SPAWN, ForkServerConfig
from kserve_ocr.workers.forking.launch import WorkerProgram
from kserve_ocr.workers.forking.output import WorkerOutput
from kserve_ocr.workers.wire import frames, jobs
from kserve_ocr.workers.wire.replies import ReplyDecoder
from kserve_ocr.workers.worker_handle import Worker, WorkerDied, describe

_STOP_TIMEOUT = 10.0
"""Time limit for a fork server to exit once its socket is closed; it needs milliseconds."""


class ForkServerProcess:
    """A running fork server. When it exits, all of its workers are reported as dead."""

    def __init__(self, config: ForkServerConfig, *, name: str, program: WorkerProgram, decoder: ReplyDecoder) -> None:
        self._config = config
        self._decoder = decoder
        self._workers: dict[int, Worker] = {}
        self._next = 0
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._exited: asyncio.Future[None] = self._loop.create_future()
        launched = launch.take(program)
        self._process, self._control = launched.process, launched.control
        self._output = WorkerOutput(name, launched.output)
        frames.send(self._control, jobs.encode(config))
        self._control.setblocking(False)
        self._loop.add_reader(self._control.fileno(), self._on_readable)

    @property
    def alive(self) -> bool:
        return not self._exited.done()

    @property
    def pid(self) -> int:
        return self._process.pid

    def spawn(self) -> Worker:
        """A new worker, not yet started. Raises WorkerDied when the fork server is gone."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                socket.send_fds(self._control, [MESSAGE.pack(SPAWN, self._next, 0)], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise WorkerDied("could not be started") from error
        ours.setblocking(False)
        worker = self._workers[self._next] = Worker(self._next, ours, self._decoder)
        self._next += 1
        return worker

    def kill(self, worker: Worker) -> None:
        """Kill a worker, whatever it is doing."""
        worker.discard_reply()
        with contextlib.suppress(OSError):
            self._control.send(MESSAGE.pack(KILL, worker.number, 0))

    async def stop(self) -> None:
        """Stop the fork server and every worker; on return none of them is left."""
        if self.alive:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
            await asyncio.wait([self._exited], timeout=_STOP_TIMEOUT)
            self._on_exited()

    def _on_readable(self) -> None:
        while True:
            try:
                message = self._control.recv(MESSAGE.size)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._on_exited()
                return
            kind, number, value = MESSAGE.unpack(message)
            if kind == READY:
                self.ready.set_result(None)
            elif kind == EXITED:
                self._workers.pop(number).on_exit(describe(value))

    def _on_exited(self) -> None:
        if self._exited.done():
            return
        self._exited.set_result(None)
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        if not self.ready.done():
            self.ready.set_exception(WorkerDied("the process that starts workers ended"))
            self.ready.exception()
        for worker in self._workers.values():
            worker.on_exit("ended with the process that started it")
        self._workers.clear()
        if self._config.scratch:
            shutil.rmtree(self._config.scratch, ignore_errors=True)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()


def scratch_directory(name: str) -> str:
    """A new directory for the temporary files of a fork server's workers."""
    return tempfile.mkdtemp(prefix=f"{name}-")
