"""Requests over HTTP/2 as ASGI calls of the same application that HTTP/1.1 has."""

from __future__ import annotations

import logging
from typing import Any, Final
from urllib.parse import unquote

from h2.errors import ErrorCodes
from msgspec import Struct
from starlette.types import ASGIApp, Message

from kserve_ocr.protocol.errors import HeadersTooLargeError, MalformedRequestError, OcrError
from kserve_ocr.serving.connection.request_head import ascii_address
from kserve_ocr.serving.exception_mapping import error_response, headers_before_the_application
from kserve_ocr.serving.http2.stream import Fields, Http2Stream

_log = logging.getLogger("ocr.http")

_FIELD_BYTES: Final = 32
"""What RFC 9113 (6.5.2) adds to name and value of each header."""
_OF_CONNECTIONS: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
"""Headers that HTTP/2 does not have."""


class RequestServer(Struct, frozen=True):
    """The application as the streams of one connection see it."""

    app: ASGIApp
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    header_bytes: int
    """Of the address and headers of one request."""

    async def serve(self, stream: Http2Stream, fields: Fields, *, common: Fields) -> None:
        """Answer the request of a stream; ``common`` are headers of every response. The caller closes the stream."""
        scope = scope_of(fields, client=self.client, server=self.server)
        call = _Call(stream, common, is_head=scope["method"] == "HEAD")
        problem = _problem(fields, header_bytes=self.header_bytes)
        served = error_response(problem, headers=headers_before_the_application()) if problem else self.app
        try:
            await served(scope, call.receive, call.send)
        except Exception:
            _log.exception("the application raised an exception after it had begun its response")
            stream.reset(ErrorCodes.INTERNAL_ERROR)


def path_of(fields: Fields) -> bytes:
    """The path of a request, without its query."""
    return dict(fields).get(b":path", b"").partition(b"?")[0]


def scope_of(
    fields: Fields, *, client: tuple[str, int] | None, server: tuple[str, int | None] | None
) -> dict[str, Any]:
    """The ASGI scope of a request whose header fields ``h2`` has checked."""
    special = {name: value for name, value in fields if name.startswith(b":")}
    headers = [(name, value) for name, value in fields if not name.startswith(b":")]
    if b":authority" in special and not any(name == b"host" for name, _ in headers):
        headers.insert(0, (b"host", special[b":authority"]))
    address = ascii_address(special.get(b":path", b"").partition(b"#")[0])
    path, _, query = address.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "2",
        "method": special[b":method"].decode("latin-1"),
        "scheme": "http",
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": client,
        "server": server,
        "state": {},
    }


def _problem(fields: Fields, *, header_bytes: int) -> OcrError | None:
    """What keeps a request from the application."""
    if sum(len(name) + len(value) + _FIELD_BYTES for name, value in fields) > header_bytes:
        return HeadersTooLargeError(f"the address and headers have more than {header_bytes} bytes; send fewer")
    if not path_of(fields).startswith((b"/", b"*")):
        return MalformedRequestError("the request has no address that begins with a slash; send it again with one")
    return None


class _Call:
    """The two functions of an ASGI call."""

    def __init__(self, stream: Http2Stream, common: Fields, *, is_head: bool) -> None:
        self._stream = stream
        self._common = common
        self._is_head = is_head
        self._received = False

    async def receive(self) -> Message:
        stream = self._stream
        if self._received:
            await stream.until_gone()
        body = b"" if stream.gone or stream.finished else await stream.read()
        if stream.gone or stream.finished:
            return {"type": "http.disconnect"}
        self._received = stream.ended and not stream.has_unread
        return {"type": "http.request", "body": body, "more_body": not self._received}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name.lower(), value) for name, value in message["headers"] if name.lower() not in _OF_CONNECTIONS
            ]
            self._stream.send_fields([(b":status", b"%d" % message["status"]), *self._common, *headers])
        else:
            body = b"" if self._is_head else message.get("body", b"")
            await self._stream.write(body, end=not message.get("more_body", False))
