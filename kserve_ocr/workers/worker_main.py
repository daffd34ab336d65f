"""What runs in a worker process: start once, then one job after the other."""

from __future__ import annotations

import os
import pickle
import resource
import socket
import traceback
from collections.abc import Callable
from typing import Any

from kserve_ocr.workers import channel as frames

READY_FRAME, RESULT_FRAME, ERROR_FRAME = "ready", "result", "error"


OUT_OF_MEMORY = 77
"""Exit status of a worker whose job raised MemoryError; it is replaced."""


def run_worker(channel: socket.socket, start: Callable[[], Callable[[Any], Any]]) -> int:
    """Call ``start``, then run one job after the other until the channel closes. Returns the exit status."""
    try:
        handler = start()
    except Exception as error:
        frames.send(channel, (ERROR_FRAME, _picklable(error), 0))
        return 1
    frames.send(channel, (READY_FRAME, (os.getpid(), getattr(handler, "description", "")), resident_bytes()))
    while True:
        try:
            job = frames.receive(channel)
        except (EOFError, ConnectionError):
            return 0
        reply = _run_job(handler, job)
        del job
        try:
            frames.send(channel, reply)
        except ConnectionError:
            return 0
        except Exception as error:
            frames.send(channel, (ERROR_FRAME, _picklable(error), resident_bytes()))
        del reply


def _run_job(handler: Callable[[Any], Any], job: Any) -> tuple[str, Any, int]:
    try:
        result = handler(job)
    except MemoryError:
        raise
    except Exception as error:
        return ERROR_FRAME, _picklable(error), resident_bytes()
    return RESULT_FRAME, result, resident_bytes()


def _picklable(error: Exception) -> Exception:
    """``error`` with its traceback as a note, in a form that can be pickled."""
    trace = "".join(traceback.format_exception(error))
    error.add_note(trace)
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:
        return RuntimeError(trace)
    return error


def resident_bytes() -> int:
    """Resident memory of this process in bytes."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib is not loaded here
        return int(file.read().split()[1]) * resource.getpagesize()
