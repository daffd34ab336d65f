"""Bounds on HTTP/2 connections beyond those of HTTP/1.1, and how many streams all of them have."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from h2.errors import ErrorCodes
from msgspec import Struct

from kserve_ocr.serving.connection.connection_limits import PROBE_RESERVE, HttpLimits


class Http2Limits(Struct, frozen=True):
    """Bounds on one connection. The largest header block and how long a client may take are those of HTTP/1.1."""

    streams: int = 100
    """Requests of one connection at once."""
    frame_bytes: int = 65_536
    """Content of one frame from the client."""
    stream_window: int = 262_144
    """Bytes of one request's body that have arrived and that nobody has read."""
    closed_streams: int = 1024
    """Streams of which it is remembered how they ended, for frames that were under way."""
    header_table_bytes: int = 4096
    """What the compression of response headers remembers, however much the client allows."""
    idle_seconds: float = 600.0
    """Time without a request after which a connection is closed; clients open another one for their next request."""
    control_frames: int = 1000
    """Frames in a row that bring neither a request nor a body; each request and response adds to them ..."""
    control_frames_per_second: float = 100.0
    """... and so does time."""
    resets: int = 200
    """Requests in a row that the client resets ..."""
    resets_per_second: float = 20.0
    """... and how many of them it may reset in the long run."""


class FrameError(Exception):
    """The client sends what is no frame, or more of something than a client needs to: its connection has to end."""

    def __init__(self, code: ErrorCodes) -> None:
        super().__init__(code.name)
        self.code = code


class Allowance:
    """A number that is used up one by one and comes back with time, up to ``most``."""

    def __init__(self, most: int, *, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(most)
        self._per_second = per_second
        self._clock = clock
        self._left = self._most
        self._at = clock()

    def use(self) -> None:
        """Use one. Raises FrameError if none is left."""
        if self._left < 1:
            now = self._clock()
            self.add((now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                raise FrameError(ErrorCodes.ENHANCE_YOUR_CALM)
        self._left -= 1

    def add(self, number: float) -> None:
        """Allow more."""
        self._left = min(self._most, self._left + number)


class StreamTable:
    """The open streams of all HTTP/2 connections, bounded as HTTP/1.1 bounds connections: each is one request."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._clients: Counter[str] = Counter()

    def admit(self, client: str, *, is_probe: bool) -> bool:
        """Whether this client may have another stream, which counts then."""
        reserve = PROBE_RESERVE if is_probe else 0
        if (
            self._clients.total() >= self._limits.connections + reserve
            or self._clients[client] >= self._limits.connections_per_client + reserve
        ):
            return False
        self._clients[client] += 1
        return True

    def release(self, client: str) -> None:
        """A stream that was admitted has ended."""
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
