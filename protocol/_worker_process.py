"""The server's side of worker processes: starting a nursery, and one object per worker on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from protocol import _frames
from protocol._nursery import EXITED, KILL, MESSAGE, OUT_OF_MEMORY, READY, SPAWN, Nursing

_BOOTSTRAP = "import sys; sys.path[:] = sys.argv[2:]; from protocol import _nursery; _nursery.main(int(sys.argv[1]))"
_PATIENCE = 10.0
"""Seconds that a nursery gets to end once its socket is closed; it needs milliseconds."""


class Died(Exception):  # noqa: N818 - an event, handled by the pool; callers see WorkerCrashedError
    """A worker process ended by itself, or was killed from outside. The argument says how."""


class Gone(Died):
    """It had died before it got the job."""


class Reply(NamedTuple):
    kind: str
    value: Any
    resident: int
    """Resident memory of the worker in bytes."""


class Worker:
    """One worker process as the event loop sees it: at most one job at a time."""

    def __init__(self, number: int, channel: socket.socket) -> None:
        self.number = number
        self.pid = 0
        self.about: str = ""
        """What its handler says of itself."""
        self.jobs = 0
        self.resident = 0
        self.alive = True
        self.on_death: Callable[[Worker], None] | None = None
        """Called when the process ends by itself."""
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._reply: asyncio.Future[Reply] | None = self._loop.create_future()
        """None once it was answered: a reply that was kept would keep its page in memory."""
        self._loop.add_reader(channel.fileno(), self._on_readable)

    def send(self, job: Any) -> asyncio.Future[Reply]:
        """Give the worker a job; the future raises Died when the worker does.

        Raises Gone if it is already dead, or what pickling the job raises.
        """
        if not self.alive:
            raise Gone("ended while it was idle")
        try:
            _frames.send(self._channel, job)
        except ConnectionError as error:
            raise Gone("ended while it was idle") from error
        self.jobs += 1
        reply = self._reply = self._loop.create_future()
        return reply

    def reply(self) -> asyncio.Future[Reply]:
        """The reply being waited for; a new worker's first says that it has started."""
        assert self._reply is not None
        return self._reply

    def ended(self, cause: str) -> None:
        """The process is gone. An answer that it left in the socket still counts."""
        if not self.alive:
            return
        self._on_readable()
        self.alive = False
        self._close()
        self.fail(Died(cause))
        if self.on_death is not None:
            self.on_death(self)

    def fail(self, error: Exception) -> None:
        """Raise ``error`` where the reply is awaited."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)
            self._reply.exception()  # an idle worker's is nobody's to retrieve

    def abandon(self) -> None:
        """Nothing it may still answer is wanted."""
        self.alive = False
        self._close()

    def _on_readable(self) -> None:
        try:
            reply = Reply(*_frames.receive(self._channel))
        except BlockingIOError:
            return
        except (EOFError, OSError):
            self._loop.remove_reader(self._channel.fileno())  # how it ended comes from the nursery
            return
        except Exception as error:
            reply = Reply("error", error, self.resident)
        self.resident = reply.resident
        waiting, self._reply = self._reply, None
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def _close(self) -> None:
        if self._channel.fileno() >= 0:
            self._loop.remove_reader(self._channel.fileno())
            self._channel.close()


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
        _frames.send(self._control, nursing)
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


def describe(status: int) -> str:
    """How a process ended, from its wait status: ``was killed by SIGKILL``."""
    code = os.waitstatus_to_exitcode(status)
    if code == OUT_OF_MEMORY:
        return "ran out of memory"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with status {code}"
