"""The server's handle on one worker process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from kserve_ocr.workers.wire import frames, jobs
from kserve_ocr.workers.wire.frames import FrameError
from kserve_ocr.workers.wire.replies import InvalidReplyError, Reply, ReplyDecoder
from kserve_ocr.workers.worker_main import OUT_OF_MEMORY


class WorkerDied(Exception):  # noqa: N818 - an event, handled by the pool; callers see WorkerCrashedError
    """A worker process exited or was killed from outside. The argument says how."""


class WorkerExited(WorkerDied):
    """The worker had died before it got the job."""


class Worker:
    """One worker process as the event loop sees it: at most one job at a time."""

    def __init__(self, number: int, channel: socket.socket, decoder: ReplyDecoder) -> None:
        self.number = number
        self.pid = 0
        self.description: str = ""
        """Description reported by its handler."""
        self.jobs = 0
        self.resident = 0
        self.alive = True
        self.on_unexpected_exit: Callable[[Worker], None] | None = None
        """Called when the process exits unexpectedly."""
        self._channel = channel
        self._decoder = decoder
        self._loop = asyncio.get_running_loop()
        self._reply: asyncio.Future[Reply] | None = self._loop.create_future()
        """Cleared after completion so that the page is freed."""
        self._loop.add_reader(channel.fileno(), self._on_readable)

    def send(self, job: Any, *, file: int | None = None) -> asyncio.Future[Reply]:
        """Give the worker a job, and a copy of an open file; the future raises WorkerDied when the worker does.

        Raises WorkerExited if it is already dead, or what pickling the job raises.
        """
        if not self.alive:
            raise WorkerExited("ended while it was idle")
        try:
            frames.send(self._channel, jobs.encode(job), files=[] if file is None else [file])
        except ConnectionError as error:
            raise WorkerExited("ended while it was idle") from error
        self.jobs += 1
        reply = self._reply = self._loop.create_future()
        return reply

    def reply(self) -> asyncio.Future[Reply]:
        """The pending reply; the first one of a new worker reports that it has started."""
        assert self._reply is not None
        return self._reply

    def on_exit(self, cause: str) -> None:
        """Handle process exit; a reply already in the socket is still delivered."""
        if not self.alive:
            return
        self._on_readable()
        self.alive = False
        self._close()
        self.fail(WorkerDied(cause))
        if self.on_unexpected_exit is not None:
            self.on_unexpected_exit(self)

    def fail(self, error: Exception) -> None:
        """Raise ``error`` where the reply is awaited."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)
            self._reply.exception()  # mark as retrieved: nobody awaits the future of an idle worker

    def discard_reply(self) -> None:
        """Discard any later reply."""
        self.alive = False
        self._close()

    def _on_readable(self) -> None:
        try:
            reply = self._receive()
        except BlockingIOError:
            return
        except (EOFError, OSError):
            self._loop.remove_reader(self._channel.fileno())  # the fork server reports how it exited
            return
        except (FrameError, InvalidReplyError) as error:
            self._distrust(f"sent an invalid reply: {error}")
            return
        self.resident = reply.resident
        waiting, self._reply = self._reply, None
        if waiting is None:
            self._distrust("sent a reply that nobody asked for")
        elif not waiting.done():
            waiting.set_result(reply)

    def _receive(self) -> Reply:
        frame = frames.receive(self._channel)
        for file in frame.files:
            os.close(file)
        if frame.files:
            raise InvalidReplyError("it comes with an open file")
        return self._decoder.decode(frame)

    def _distrust(self, cause: str) -> None:
        """Hear no more of a worker that behaves as none of ours does: it is replaced as if it had died."""
        self.alive = False
        self._loop.remove_reader(self._channel.fileno())
        self.fail(WorkerDied(cause))
        if self.on_unexpected_exit is not None:
            self.on_unexpected_exit(self)

    def _close(self) -> None:
        if self._channel.fileno() >= 0:
            self._loop.remove_reader(self._channel.fileno())
            self._channel.close()


def describe(status: int) -> str:
    """How a process ended, from its wait status: ``was killed by SIGKILL``."""
    code = os.waitstatus_to_exitcode(status)
    if code == OUT_OF_MEMORY:
        return "ran out of memory"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with status {code}"
