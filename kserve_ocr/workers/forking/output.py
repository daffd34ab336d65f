"""What worker processes write to their standard output and error, as log lines of the server.

Libraries write there what they like: warnings about damaged images, a message before they abort. As lines of the
server's log they are JSON like all others, cut to a length, and no more of them than a log can bear.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os

_LINES_A_SECOND = 20
_LONGEST_LINE = 8192

logger = logging.getLogger(__name__)


class WorkerOutput:
    """The reading end of a pipe that child processes write to, which this object closes."""

    def __init__(self, name: str, descriptor: int) -> None:
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._second = 0
        self._lines = 0
        self._read = descriptor
        os.set_blocking(self._read, False)
        self._loop.add_reader(self._read, self._on_readable)

    def close(self) -> None:
        """Log what was written last, and close the pipe."""
        if self._read < 0:
            return
        self._on_readable()
        self._log(self._rest)
        self._loop.remove_reader(self._read)
        os.close(self._read)
        self._read = -1

    def _on_readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._read, 65_536)
            if not data:
                self._loop.remove_reader(self._read)
            *lines, rest = (self._rest + data).split(b"\n")
            self._rest = rest[:_LONGEST_LINE]
            for line in lines:
                self._log(line)

    def _log(self, line: bytes) -> None:
        second = int(self._loop.time())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += bool(line.strip())
        if line.strip() and self._lines <= _LINES_A_SECOND:
            logger.warning("%s worker: %s", self._name, line.decode(errors="replace").rstrip())
