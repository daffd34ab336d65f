"""A document for the jobs of a worker pool: in the job itself, or in a memory file of which workers get descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from typing import Final

_IN_THE_JOB: Final = 1 << 16
"""Documents up to this size in bytes are cheaper to send with each job than to write to a file."""
_ON_THE_LOOP: Final = 1 << 20
"""Larger documents are copied off the event loop."""


@contextlib.asynccontextmanager
async def stored(document: bytes | memoryview) -> AsyncIterator[tuple[bytes | None, int | None]]:
    """The document for a job, during the block: its bytes if they are few, otherwise the descriptor of a file."""
    if len(document) <= _IN_THE_JOB:
        yield bytes(document), None
        return
    descriptor = os.memfd_create("document", os.MFD_CLOEXEC)
    try:
        if len(document) > _ON_THE_LOOP:
            await asyncio.to_thread(_write, descriptor, document)
        else:
            _write(descriptor, document)
        del document
        yield None, descriptor
    finally:
        # A worker may still hold the file open; truncate it to free its memory.
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


@contextlib.contextmanager
def reopened(descriptor: int | None) -> Iterator[int | None]:
    """The file opened once more for one worker, read-only and with a position of its own."""
    if descriptor is None:
        yield None
        return
    own = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield own
    finally:
        os.close(own)


def _write(descriptor: int, document: bytes | memoryview) -> None:
    remaining = memoryview(document)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]
