"""ASGI middleware that compresses responses for clients that accept it."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kserve_ocr.serving.connection.content_encoding import accepted, encode

_LEAST_BYTES: Final = 1024
_ON_THE_LOOP: Final = 1 << 16
_COMPRESSED: Final = ("image/", "application/pdf", "application/zip")
"""Types that do not shrink."""
_PLAIN: Final = ("/metrics", "/v2")
"""Addresses whose content is not compressed."""


class CompressionMiddleware:
    """Compresses responses that come in one piece; streams and small ones pass as they are.

    So do metrics, and what is read from the V2 protocol's addresses: Triton compresses results only, and its clients
    accept an encoding for everything but decode that of results alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        encoding = accepted(Headers(scope=scope).get("accept-encoding", "")) if scope["type"] == "http" else None
        if encoding is None or (scope["method"] == "GET" and scope["path"].startswith(_PLAIN)):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _Compressor(send, encoding).send)


class _Compressor:
    """Holds the start of a response back until its body is known."""

    def __init__(self, send: Send, encoding: str) -> None:
        self._send = send
        self._encoding = encoding
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            body: bytes = message.get("body", b"")
            if not message.get("more_body") and _shrinks(start, body):
                message = {"type": "http.response.body", "body": await self._compress(start, body)}
            await self._send(start)
        await self._send(message)

    async def _compress(self, start: Message, body: bytes) -> bytes:
        small = len(body) <= _ON_THE_LOOP
        encoded = encode(body, self._encoding) if small else await asyncio.to_thread(encode, body, self._encoding)
        headers = MutableHeaders(raw=start["headers"])
        headers["content-encoding"] = self._encoding
        headers["content-length"] = str(len(encoded))
        headers.add_vary_header("Accept-Encoding")
        return encoded


def _shrinks(start: Message, body: bytes) -> bool:
    headers = Headers(raw=start["headers"])
    return (
        len(body) >= _LEAST_BYTES
        and "content-encoding" not in headers
        and "etag" not in headers  # a strong one names the bytes as they are
        and not headers.get("content-type", "").startswith(_COMPRESSED)
    )
