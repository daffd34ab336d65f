"""uvicorn's HTTP protocol with bounds on what a connection may send, how slowly, and how many there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import chain
from typing import Any, Final, Protocol, cast

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kserve_ocr.protocol.errors import HeadersTooLargeError, MalformedRequestError, OcrError, OverloadedError
from kserve_ocr.serving.connection.connection_limits import PROBE_RESERVE, ConnectionTable
from kserve_ocr.serving.connection.request_head import acceptable
from kserve_ocr.serving.exception_mapping import headers_before_the_application

PROBE_PATHS = frozenset({"/", "/metrics", "/v2/health/live", "/v2/health/ready"})
_PROBE_SECONDS = 2.0
_CHUNK_OVERHEAD = 16
"""Bytes that a chunked body may take for each byte of content: a chunk of one byte takes six."""
_HTTP2: Final = b"PRI * HTTP/2.0"
"""What a client that knows HTTP/2 to be spoken sends first (RFC 9113, 3.4); its method is none of HTTP/1."""


class Http2Connection(Protocol):
    """What becomes of a connection that begins as HTTP/2."""

    def receive(self, data: bytes) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def shutdown(self) -> None: ...
    def lost(self) -> None: ...


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. Subclassed by :func:`bounded_protocol`, which gives it its table."""

    table: ConnectionTable
    open_http2: Callable[[BoundedHttpProtocol], Http2Connection]
    """Takes over a connection that begins as HTTP/2."""

    peer = ""
    _head = True
    _received = 0
    """Bytes of this request so far, as far as they came in reads of their own."""
    _content = 0
    _timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _probes_only = False
    _refused = False
    _first: bytes | None = b""
    """What has come before it was clear that this is HTTP/1; None from then on."""
    _http2: Http2Connection | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self.table.add(self)
        self._probes_only = not self.table.make_room(self)
        if self.table.total > self.table.limits.connections + PROBE_RESERVE:
            self.drop()
            return
        self._start_header_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.table.remove(self)
        if self._http2 is not None:
            self._http2.lost()
        for timer in (self._timer, self._write_timer, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        self.pipeline.clear()

    def drop(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._http2 is not None:
            self._http2.receive(data)
            return
        if self._first is not None:
            data = self._first + data
            if _HTTP2.startswith(data[: len(_HTTP2)]):
                self._first = data
                if len(data) >= len(_HTTP2):
                    self._begin_http2(data)
                return
            self._first = None
        self._received += len(data)
        if self._head:
            if self._timer is None:
                self._start_header_timer()
            data = acceptable(data)
        super().data_received(data)
        limit = self.table.limits.header_bytes
        if self._received - (0 if self._head else self._content * _CHUNK_OVERHEAD) > limit:
            self._refuse_headers()

    def _begin_http2(self, data: bytes) -> None:
        self._stop_header_timer()
        if self._probes_only:
            self.drop()
        else:
            self._http2 = self.open_http2(self)
            self._http2.receive(data)

    def shutdown(self) -> None:
        """Drain."""
        if self._http2 is None:
            super().shutdown()
        else:
            self._http2.shutdown()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._received, self._content = True, 0, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Trailers are left out: uvicorn adds them to the headers, past every proxy that checks those."""
        if self._head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_header_timer()
        self._head, self._received = False, 0
        if self._refused:
            return
        size = len(self.url) + 4 * len(self.headers) + sum(map(len, chain.from_iterable(self.headers)))
        if size > self.table.limits.header_bytes:
            self._refuse_headers()
            return
        self.table.work(self)
        if len(self.pipeline) >= self.table.limits.pipelined:
            self.drop()
            return
        if self._probes_only and self.url.partition(b"?")[0].decode("latin-1") not in PROBE_PATHS:
            self._refuse(OverloadedError("the service has as many connections as it may; try again", retry_after=2))
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._content += len(body)
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()
        self._head, self._received = True, 0
        if self.cycle is not None and self.cycle.response_complete:  # the rest of a body that was refused is here
            self._restart_header_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._probes_only:
            self.transport.close()
        elif self.pipeline:
            self.flow.pause_reading()
        elif self.cycle.response_complete:
            self.table.wait(self)
            if not self._head:  # a client may not read its response before it has sent the rest of its body
                self._restart_header_timer()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._http2 is not None:
            self._http2.pause()
        self._watch_writing(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._http2 is not None:
            self._http2.resume()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def send_400_response(self, msg: str) -> None:
        """uvicorn's refusal of what is not HTTP, in the one format of errors."""
        if not self._refused:
            self._refuse(MalformedRequestError(f"the request is not valid HTTP/1.1 ({msg}); send it again"))

    def _refuse_headers(self) -> None:
        limit = self.table.limits.header_bytes
        self._refuse(HeadersTooLargeError(f"the address and headers have more than {limit} bytes; send fewer"))

    def _refuse(self, error: OcrError) -> None:
        """Answer without the application and close."""
        self._refused = True
        body = orjson.dumps(error.body())
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "x-content-type-options": "nosniff",
            "connection": "close",
            **headers_before_the_application(),
            **error.headers(),
        }
        lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(STATUS_LINE[error.status] + lines + b"\r\n" + body)
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _start_header_timer(self) -> None:
        seconds = _PROBE_SECONDS if self._probes_only else self.table.limits.header_seconds
        self._timer = self.loop.call_later(seconds, self._on_header_timeout)

    def _restart_header_timer(self) -> None:
        self._stop_header_timer()
        self._start_header_timer()

    def _stop_header_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_header_timeout(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _watch_writing(self, size: int) -> None:
        self._write_timer = self.loop.call_later(self.table.limits.write_seconds, self._on_write_timeout, size)

    def _on_write_timeout(self, before: int) -> None:
        size = self.transport.get_write_buffer_size()
        if size >= before:
            self.drop()
        else:
            self._watch_writing(size)


def bounded_protocol(
    table: ConnectionTable, open_http2: Callable[[BoundedHttpProtocol], Http2Connection]
) -> type[asyncio.Protocol]:
    """The protocol class whose connections are counted in ``table``; ``open_http2`` takes over those of HTTP/2."""
    attributes: dict[str, Any] = {"table": table, "open_http2": staticmethod(open_http2)}
    return cast("type[asyncio.Protocol]", type("BoundedHttpProtocol", (BoundedHttpProtocol,), attributes))
