"""Calls of gRPC on connections of the HTTP port, relayed stream by stream to the port of the gRPC server.

gRPC's library takes no connection that another one has accepted. Its frames are not looked into: metadata, deadlines,
messages and trailers pass as they are, each side at the pace of the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Final

from h2.errors import ErrorCodes
from h2.exceptions import TooManyStreamsError

from kserve_ocr.serving.http2.endpoint import Http2Endpoint, transport_of
from kserve_ocr.serving.http2.frame_reader import FrameReader
from kserve_ocr.serving.http2.limits import Http2Limits
from kserve_ocr.serving.http2.stream import Fields, Http2Stream

_RESOURCE_EXHAUSTED, _UNIMPLEMENTED, _UNAVAILABLE = 8, 12, 14
_METADATA_BYTES: Final = 65_536
"""Of a response; those of requests are bounded where they arrive."""


class _Upstream(asyncio.Protocol):
    """A connection to the gRPC server for the calls of one client's connection."""

    def __init__(self, limits: Http2Limits, *, peer: str, clients: MutableMapping[str, str]) -> None:
        self._limits = limits
        self._peer = peer
        self._clients = clients
        self._address = ""
        self._reader = FrameReader(
            preface=b"", frame_bytes=limits.frame_bytes, header_bytes=_METADATA_BYTES, control=None
        )
        self._endpoint: Http2Endpoint | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def takes_calls(self) -> bool:
        """Whether it is open and the server has not said that it takes no more."""
        return self._transport is not None and not self._transport.is_closing() and not self._reader.goaway

    def call(self, fields: Fields) -> Http2Stream:
        """Begin a call. Raises TooManyStreamsError if the server takes no other one now."""
        assert self._endpoint is not None
        state = self._endpoint.state
        number = state.get_next_available_stream_id()
        stream = Http2Stream(self._endpoint, number)
        state.send_headers(number, fields)
        self._endpoint.streams[number] = stream
        self._endpoint.flush_soon()
        return stream

    def leave(self, stream: Http2Stream) -> None:
        """Forget a call, and cancel it unless it has ended."""
        if not (stream.ended and stream.finished):
            stream.reset(ErrorCodes.CANCEL)
        stream.close()
        if self._endpoint is not None:
            self._endpoint.streams.pop(stream.number, None)

    def close(self) -> None:
        """The client is gone."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport_of(transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self._address = f"{host}:{port}"
        self._clients[self._address] = self._peer
        self._endpoint = Http2Endpoint(
            self._transport, self._reader, limits=self._limits, client_side=True, header_bytes=_METADATA_BYTES
        )

    def data_received(self, data: bytes) -> None:
        if self._endpoint is not None:
            self._endpoint.receive(data)

    def pause_writing(self) -> None:
        if self._endpoint is not None:
            self._endpoint.pause()

    def resume_writing(self) -> None:
        if self._endpoint is not None:
            self._endpoint.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.pop(self._address, None)
        if self._endpoint is not None:
            self._endpoint.lost()


class GrpcRelay:
    """The calls of one client's connection.

    ``port`` is that of the gRPC server, 0 if gRPC is not served. ``clients`` are the addresses of clients by those of
    the connections to the gRPC server, which sees only the latter.
    """

    def __init__(self, port: int, limits: Http2Limits, *, peer: str, clients: MutableMapping[str, str]) -> None:
        self._port = port
        self._clients = clients
        self._limits = limits
        self._peer = peer.removeprefix("::ffff:")
        self._upstream: _Upstream | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    def close(self) -> None:
        """The client is gone."""
        self._closed = True
        if self._upstream is not None:
            self._upstream.close()

    async def serve_call(self, stream: Http2Stream, fields: Fields) -> None:
        """Relay a call. The caller closes the stream."""
        if not self._port:
            _refuse(stream, _UNIMPLEMENTED, b"gRPC is not enabled; use the HTTP API")
            return
        try:
            upstream = await self._connected()
            call = upstream.call(fields)
        except OSError:
            _refuse(stream, _UNAVAILABLE, b"the server is stopping; try again")
            return
        except TooManyStreamsError:
            _refuse(stream, _RESOURCE_EXHAUSTED, b"too many calls at once; try again")
            return
        sending = asyncio.create_task(_pass_request(stream, call))
        try:
            await _pass_response(call, stream)
        except asyncio.CancelledError:
            _end(stream, _UNAVAILABLE, b"the server is stopping; try again")
            raise
        finally:
            sending.cancel()
            upstream.leave(call)

    async def _connected(self) -> _Upstream:
        """The connection to the server, a new one if need be. Raises OSError."""
        async with self._opening:
            if self._upstream is None or not self._upstream.takes_calls:
                opened = _Upstream(self._limits, peer=self._peer, clients=self._clients)
                await asyncio.get_running_loop().create_connection(lambda: opened, "127.0.0.1", self._port)
                self._upstream = opened
                if self._closed:
                    opened.close()
                    raise ConnectionResetError("the client is gone")
            return self._upstream


async def _pass_request(stream: Http2Stream, call: Http2Stream) -> None:
    """The client's messages, then its cancellation if there is one."""
    while data := await stream.read():
        await call.write(data)
    if not stream.gone:
        await call.write(b"", end=True)
        await stream.until_gone()
    if stream.gone:
        call.reset(ErrorCodes.CANCEL)


async def _pass_response(call: Http2Stream, stream: Http2Stream) -> None:
    """The server's headers, messages and trailers."""
    head = await call.head()
    if head is None:
        _refuse(stream, _UNAVAILABLE, b"the connection to the server was lost; try again")
        return
    stream.send_fields(head, end=call.ended and not call.has_unread and not call.trailers)
    while data := await call.read():
        await stream.write(data)
    if call.gone:
        _end(stream, _UNAVAILABLE, b"the connection to the server was lost; try again")
    elif not stream.finished:
        stream.send_fields(call.trailers, end=True)


def _refuse(stream: Http2Stream, status: int, message: bytes) -> None:
    """Answer a call with a status and nothing else (gRPC over HTTP/2: Trailers-Only)."""
    head = [(b":status", b"200"), (b"content-type", b"application/grpc")]
    stream.send_fields([*head, *_status(status, message)], end=True)


def _end(stream: Http2Stream, status: int, message: bytes) -> None:
    """End a call with a status, whose headers may have been sent."""
    if stream.started:
        stream.send_fields(_status(status, message), end=True)
    else:
        _refuse(stream, status, message)


def _status(status: int, message: bytes) -> Fields:
    return [(b"grpc-status", b"%d" % status), (b"grpc-message", message)]
