"""Jobs, from the server to a worker: pickled, because workers trust the server, from whose code they are forked."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from kserve_ocr.workers.wire.frames import MAX_PARTS, Part


def encode(job: Any) -> list[Part]:
    """The parts of a frame: numpy arrays and ``PickleBuffer`` objects are not copied. Raises what pickle raises."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(job, 5, buffer_callback=buffers.append)
    if len(buffers) >= MAX_PARTS:  # thousands of small arrays: pickle them in band
        return [pickle.dumps(job, 5)]
    return [pickled, *(buffer.raw() for buffer in buffers)]


def decode(parts: Sequence[memoryview]) -> Any:
    """The job, its arrays read-only views. Only for frames from the process that started this one."""
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301 - workers trust the server
