"""One stream of an HTTP/2 connection: a body that is read, and one that is written, each at the pace of its reader."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

from h2.connection import H2Connection
from h2.errors import ErrorCodes

Fields = Sequence[tuple[bytes, bytes]]


class Endpoint(Protocol):
    """What a stream needs of its connection."""

    state: H2Connection
    write_paused: bool
    write_seconds: float | None

    def flush(self) -> None: ...
    def flush_soon(self) -> None: ...


class Http2Stream:
    """Either side's view of a stream. What the other side has sent is acknowledged once it was read."""

    def __init__(self, endpoint: Endpoint, number: int) -> None:
        self._endpoint = endpoint
        self.number = number
        self._chunks: list[bytes] = []
        self._unacknowledged = 0
        self._head: Fields | None = None
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self.trailers: Fields = ()
        self.started = False
        """Headers were sent."""
        self.ended = False
        """The other side has sent everything."""
        self.finished = False
        """This side has."""
        self.gone = False
        """Reset by either side, or the connection is lost."""

    def on_head(self, fields: Fields) -> None:
        """The headers of a response have arrived."""
        self._head = fields
        self._changed.set()

    def on_data(self, data: bytes, size: int) -> None:
        """Content has arrived, which takes ``size`` bytes of the window."""
        self._chunks.append(data)
        self._unacknowledged += size
        self._changed.set()

    def on_end(self) -> None:
        """The other side has sent everything."""
        self.ended = True
        self._changed.set()

    def on_lost(self) -> None:
        """Nothing more comes, and nothing can be sent."""
        self.gone = True
        self._chunks.clear()
        self._changed.set()
        self._writable.set()

    def on_writable(self) -> None:
        """There may be room to write."""
        self._writable.set()

    @property
    def has_unread(self) -> bool:
        """Whether content has arrived that was not read."""
        return bool(self._chunks)

    async def head(self) -> Fields | None:
        """The headers of the response; None if the stream is gone before."""
        while self._head is None and not self.gone:
            await self._change()
        return self._head

    async def read(self) -> bytes:
        """What has arrived since the last call, at least a byte; empty at the end, or if the stream is gone."""
        self._acknowledge()
        while not (self._chunks or self.ended or self.gone):
            await self._change()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        return data

    async def discard_rest(self, seconds: float) -> None:
        """Take what still comes after the answer: some clients look at no answer before they have sent everything."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.read():
                    pass

    async def until_gone(self) -> None:
        """Wait for the stream to be reset, or for this side to have sent everything."""
        while not (self.gone or self.finished):
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _acknowledge(self) -> None:
        size, self._unacknowledged = self._unacknowledged, 0
        if size:
            self._endpoint.state.acknowledge_received_data(size, self.number)
            self._endpoint.flush_soon()

    def send_fields(self, fields: Fields, *, end: bool = False) -> None:
        """Send headers, or trailers. Nothing is sent if the stream is gone."""
        if not self.gone:
            self._endpoint.state.send_headers(self.number, fields, end_stream=end)
            self.started = True
            self._finish(end=end)
            self._endpoint.flush_soon()

    async def write(self, data: bytes, *, end: bool = False) -> None:
        """Send content as the other side takes it. Nothing is sent if the stream is gone.

        The stream is reset if the other side takes nothing for as long as the connection allows.
        """
        rest = memoryview(data)
        while rest:
            room = await self._room()
            if not room:
                return
            piece, rest = rest[:room], rest[room:]
            self._send(piece.tobytes(), end=end and not rest)
        if end and not data and not self.gone:
            self._send(b"", end=True)

    def _send(self, piece: bytes, *, end: bool) -> None:
        self._endpoint.state.send_data(self.number, piece, end_stream=end)
        self._finish(end=end)
        self._endpoint.flush()

    def _finish(self, *, end: bool) -> None:
        if end:
            self.finished = True
            self._changed.set()

    async def _room(self) -> int:
        """Bytes that can be sent in one frame; 0 if the stream is gone."""
        while not self.gone:
            if self._endpoint.write_paused:  # the connection itself ends if the other side takes nothing of it
                await self._until_writable()
            elif window := self._window():
                return min(window, self._endpoint.state.max_outbound_frame_size)
            else:
                await self._until_window_opens()
        return 0

    async def _until_window_opens(self) -> None:
        try:
            async with asyncio.timeout(self._endpoint.write_seconds):
                while not (self.gone or self._window()):
                    await self._until_writable()
        except TimeoutError:
            self.reset(ErrorCodes.CANCEL)

    async def _until_writable(self) -> None:
        self._writable.clear()
        await self._writable.wait()

    def _window(self) -> int:
        return max(0, self._endpoint.state.local_flow_control_window(self.number))

    def reset(self, code: ErrorCodes) -> None:
        """End the stream in both directions; nothing happens if it is gone."""
        if not self.gone:
            self._endpoint.state.reset_stream(self.number, code)
            self.on_lost()
            self._endpoint.flush_soon()

    def close(self) -> None:
        """Leave the stream: what was not read is dropped, and the other side is told to send no more."""
        if not (self.ended and self.finished):
            self.reset(ErrorCodes.NO_ERROR if self.finished else ErrorCodes.INTERNAL_ERROR)
        self._acknowledge()
