"""What runs in a worker process: start once, then one job after the other."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from typing import Any

from kserve_ocr.workers.wire import frames, jobs, replies
from kserve_ocr.workers.wire.replies import Done, Failed, Started

Start = Callable[[], Callable[..., Any]]
"""Sets up a worker and returns the handler of its jobs, which gets a job, and a file's descriptor if it has one."""

OUT_OF_MEMORY = 77
"""Exit status of a worker whose job raised MemoryError; it is replaced."""


def run_worker(channel: socket.socket, start: Start, confine: Callable[[], tuple[str, ...]]) -> int:
    """Call ``start``, then ``confine``, then run one job after the other until the channel closes.

    ``confine`` returns what the kernel does not offer of the sandbox. Returns the exit status.
    """
    memory = ResidentMemory()
    try:
        handler = start()
        unconfined = confine()
    except Exception as error:
        frames.send(channel, replies.encode(Failed.of(error, memory.bytes())))
        return 1
    description = getattr(handler, "description", "")
    frames.send(channel, replies.encode(Started(os.getpid(), memory.bytes(), description, unconfined)))
    while True:
        try:
            frame = frames.receive(channel)
        except (EOFError, ConnectionError):
            return 0
        reply = _run_job(handler, frame, memory)
        del frame
        try:
            frames.send(channel, reply)
        except ConnectionError:
            return 0
        except frames.FrameError as error:
            frames.send(channel, replies.encode(Failed.of(error, memory.bytes())))
        del reply


def _run_job(handler: Callable[..., Any], frame: frames.Frame, memory: ResidentMemory) -> list[frames.Part]:
    try:
        result = handler(jobs.decode(frame.parts), *frame.files)
        return replies.encode(Done(memory.bytes(), result))
    except MemoryError:
        raise
    except Exception as error:
        return replies.encode(Failed.of(error, memory.bytes()))


class ResidentMemory:
    """Resident memory of this process. The file is opened once: later the worker may not open it."""

    def __init__(self) -> None:
        self._file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def bytes(self) -> int:
        """Now, in bytes."""
        return int(os.pread(self._file, 256, 0).split()[1]) * resource.getpagesize()
