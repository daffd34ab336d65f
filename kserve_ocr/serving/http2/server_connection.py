"""A client's HTTP/2 connection to the HTTP port: REST and calls of gRPC, told apart stream by stream."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, MutableMapping
from typing import Final

from h2.errors import ErrorCodes
from h2.events import Event, StreamReset

from kserve_ocr.serving.connection.connection_limits import HttpLimits
from kserve_ocr.serving.connection.http_protocol import PROBE_PATHS, BoundedHttpProtocol
from kserve_ocr.serving.http2.endpoint import Http2Endpoint
from kserve_ocr.serving.http2.frame_reader import PREFACE, FrameReader
from kserve_ocr.serving.http2.grpc_relay import GrpcRelay
from kserve_ocr.serving.http2.limits import Allowance, Http2Limits, StreamTable
from kserve_ocr.serving.http2.requests import RequestServer, path_of
from kserve_ocr.serving.http2.stream import Fields, Http2Stream

_GRPC: Final = b"application/grpc"
_EARNED: Final = 8
"""Control frames that a request pays for: those that acknowledge its response, and pings that measure its way."""


class ServerConnection(Http2Endpoint):
    """What :class:`BoundedHttpProtocol` passes a connection to that begins as HTTP/2."""

    def __init__(
        self, protocol: BoundedHttpProtocol, *, limits: Http2Limits, streams: StreamTable, relay: GrpcRelay
    ) -> None:
        http = protocol.table.limits
        self._control = Allowance(limits.control_frames, per_second=limits.control_frames_per_second)
        reader = FrameReader(
            preface=PREFACE,
            frame_bytes=limits.frame_bytes,
            header_bytes=2 * http.header_bytes,
            control=self._control,
        )
        self._protocol = protocol
        self._table = streams
        self._relay = relay
        self._resets = Allowance(limits.resets, per_second=limits.resets_per_second)
        self._requests = RequestServer(
            protocol.app, client=protocol.client, server=protocol.server, header_bytes=http.header_bytes
        )
        self._draining = False
        self._waiting: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        super().__init__(protocol.transport, reader, limits=limits, client_side=False, header_bytes=http.header_bytes)
        self.state.receive_data(PREFACE)  # the reader takes it and passes on frames
        self.write_seconds = http.write_seconds
        self._watch()

    def shutdown(self) -> None:
        """Take no more requests and close when those that there are have ended."""
        if not self._draining:
            self._draining = True
            self.say_goodbye()
            self._close_if_done()

    def on_event(self, event: Event) -> None:
        """Count resets beside: also those that the client brings about by breaking rules of a stream."""
        super().on_event(event)
        if isinstance(event, StreamReset):
            self._resets.use()

    def on_request(self, number: int, fields: Fields) -> None:
        """Serve a request beside the others."""
        path = path_of(fields).decode("latin-1")
        if self._draining or not self._table.admit(self._protocol.peer, is_probe=path in PROBE_PATHS):
            self.state.reset_stream(number, ErrorCodes.REFUSED_STREAM)
            return
        stream = self.streams[number] = Http2Stream(self, number)
        self._watch()
        task = self._loop.create_task(self._serve(stream, self._answer(stream, fields)))
        self._protocol.tasks.add(task)
        task.add_done_callback(self._protocol.tasks.discard)

    def _answer(self, stream: Http2Stream, fields: Fields) -> Coroutine[None, None, None]:
        if dict(fields).get(b"content-type", b"").startswith(_GRPC):
            return self._relay.serve_call(stream, fields)
        return self._requests.serve(stream, fields, common=self._protocol.server_state.default_headers)

    async def _serve(self, stream: Http2Stream, answer: Coroutine[None, None, None]) -> None:
        try:
            await answer
            if stream.finished:
                await stream.discard_rest(self._protocol.table.limits.header_seconds)
        finally:
            stream.close()
            del self.streams[stream.number]
            self._table.release(self._protocol.peer)
            self._protocol.server_state.total_requests += 1
            self._control.add(_EARNED)
            self._watch()
            self._close_if_done()

    def on_received(self) -> None:
        """After a batch of frames."""
        self._draining = self._draining or self._reader.goaway
        self._watch()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._draining and not self.streams:
            self.flush()
            self._transport.close()

    def _watch(self) -> None:
        """Close a connection that has no request for too long, and sooner if the rest of a request does not come."""
        waiting = None if self.streams else "rest" if self._reader.is_incomplete else "request"
        if waiting == self._waiting or self._transport.is_closing():
            return
        if waiting is None:
            self._protocol.table.work(self._protocol)
        elif self._waiting is None:
            self._protocol.table.wait(self._protocol)
        self._waiting = waiting
        self._stop_timer()
        if waiting is not None:
            seconds = self._protocol.table.limits.header_seconds if waiting == "rest" else self._limits.idle_seconds
            self._timer = self._loop.call_later(seconds, self.end, ErrorCodes.NO_ERROR)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def lost(self) -> None:
        """The connection is no more."""
        super().lost()
        self._stop_timer()
        self._relay.close()


class Http2Server:
    """Takes over connections of the HTTP port that begin as HTTP/2. ``grpc_port`` and ``clients``: see GrpcRelay."""

    def __init__(
        self, http: HttpLimits, *, grpc_port: int, clients: MutableMapping[str, str], limits: Http2Limits | None = None
    ) -> None:
        self._streams = StreamTable(http)
        self._grpc_port = grpc_port
        self._clients = clients
        self._limits = limits or Http2Limits()

    def open(self, protocol: BoundedHttpProtocol) -> ServerConnection:
        """The connection to which ``protocol`` passes what it receives."""
        relay = GrpcRelay(self._grpc_port, self._limits, peer=protocol.peer, clients=self._clients)
        return ServerConnection(protocol, limits=self._limits, streams=self._streams, relay=relay)
