"""A document for the jobs of a worker pool: in the job itself, or in a memory file of which workers get descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from typing import Final

_IN_THE_JOB: Final = 1 << 16
"""Documents up to this size in bytes are cheaper to send with each job than to write to a file."""
_ON_THE_LOOP: Final = 1 << 20
"""Larger documents are copied off the event loop."""


class StoredDocument:
    """A document for jobs, during a block: its bytes if they are few, otherwise the descriptor of a file.

    A class, since a generator takes three times as long, which shows in the time of a text line.
    """

    def __init__(self, document: bytes | memoryview) -> None:
        self._document = document
        self._descriptor: int | None = None

    async def __aenter__(self) -> tuple[bytes | None, int | None]:
        document, self._document = self._document, b""
        if len(document) <= _IN_THE_JOB:
            return bytes(document), None
        self._descriptor = os.memfd_create("document", os.MFD_CLOEXEC)
        try:
            if len(document) > _ON_THE_LOOP:
                await asyncio.to_thread(_write, self._descriptor, document)
            else:
                _write(self._descriptor, document)
        except BaseException:
            self._close()
            raise
        return None, self._descriptor

    async def __aexit__(self, *raised: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            # A worker may still hold the file open; truncate it to free its memory.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)


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
