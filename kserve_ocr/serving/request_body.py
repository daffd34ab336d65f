"""Limits on request bodies: bytes of each, bytes of all, and time to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from starlette.requests import Request

from kserve_ocr.protocol.errors import ClientGoneError, MalformedRequestError, OverloadedError, TooManyBytesError
from kserve_ocr.serving.content_encoding import PIECE, decode, names_of

ARRIVAL_SECONDS: Final = 120.0
_ON_THE_LOOP: Final = 1 << 16


class RequestBodyLimiter:
    """Reads request bodies of at most ``limit`` bytes each and ``total`` bytes at once."""

    def __init__(self, *, limit: int, total: int) -> None:
        self._limit = limit
        self._total = max(limit, total)
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The request's whole body, decoded if it was sent with a Content-Encoding.

        Its bytes count as held until the block ends, encoded and decoded.

        Raises TooManyBytesError before more than the limit is read, OverloadedError if all bodies together would be
        over the total, MalformedRequestError for one that does not arrive in time or is damaged,
        UnsupportedDocumentError for an encoding that is not known, ClientGoneError.
        """
        share = _Reservation(self)
        try:
            try:
                async with asyncio.timeout(ARRIVAL_SECONDS):
                    body = await self._receive(request, share)
            except TimeoutError:
                raise MalformedRequestError(
                    f"the body did not arrive within {ARRIVAL_SECONDS:.0f} s; send it again on a better connection"
                ) from None
            for encoding in reversed(names_of(request.headers.get("content-encoding", ""))):
                body = await _decode(body, encoding, share)
            yield body
        finally:
            share.release()

    async def _receive(self, request: Request, share: _Reservation) -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            share.grow_to(int(declared))
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError("the client disconnected before its request was complete")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            share.grow_to(size)
            chunks.append(chunk)
            if not message.get("more_body"):
                return b"".join(chunks) if len(chunks) > 1 else chunk

    def _check(self, size: int, growth: int) -> None:
        if size > self._limit:
            raise TooManyBytesError(
                f"the request's body is over the limit of {self._limit} bytes; send fewer or smaller files"
            )
        if self._held + growth > self._total:
            raise OverloadedError(
                "the service holds as many bytes of requests as it may; try again in a moment", retry_after=2
            )


async def _decode(body: bytes, encoding: str, share: _Reservation) -> bytes:
    """The decoded body; every piece is checked against the limits before the next one is decoded."""
    pieces = decode(body, encoding)
    decoded: list[bytes] = []
    size = 0
    while piece := await _next(pieces, in_thread=len(body) > _ON_THE_LOOP or size >= PIECE):
        size += len(piece)
        share.grow_to(size, beside=len(body))
        decoded.append(piece)
    return b"".join(decoded)


async def _next(pieces: Iterator[bytes], *, in_thread: bool) -> bytes:
    """The next piece that is not empty; empty after the last."""
    find = partial(next, (piece for piece in pieces if piece), b"")
    return await asyncio.to_thread(find) if in_thread else find()


class _Reservation:
    """The bytes that one body takes of the total."""

    def __init__(self, bodies: RequestBodyLimiter) -> None:
        self._bodies = bodies
        self._size = 0

    def grow_to(self, size: int, *, beside: int = 0) -> None:
        """Take ``size`` bytes of the total, and ``beside`` that are still held; none if they were taken already."""
        growth = max(0, size + beside - self._size)
        self._bodies._check(size, growth)
        self._bodies._held += growth
        self._size += growth

    def release(self) -> None:
        self._bodies._held -= self._size
        self._size = 0
