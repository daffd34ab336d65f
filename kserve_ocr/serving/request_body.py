"""Limits on request bodies: bytes of each, bytes of all, and time to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import Request

from kserve_ocr.protocol.errors import ClientGoneError, MalformedRequestError, OverloadedError, TooManyBytesError

ARRIVAL_SECONDS: Final = 120.0


class RequestBodyLimiter:
    """Reads request bodies of at most ``limit`` bytes each and ``total`` bytes at once."""

    def __init__(self, *, limit: int, total: int) -> None:
        self._limit = limit
        self._total = max(limit, total)
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The request's whole body; its bytes count as held until the block ends.

        Raises TooManyBytesError before more than the limit is read, OverloadedError if all bodies together would be
        over the total, MalformedRequestError for one that does not arrive in time, ClientGoneError.
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


class _Reservation:
    """The bytes that one body takes of the total."""

    def __init__(self, bodies: RequestBodyLimiter) -> None:
        self._bodies = bodies
        self._size = 0

    def grow_to(self, size: int) -> None:
        """Take more of the total, or none if the body's declared length was taken already."""
        growth = max(0, size - self._size)
        self._bodies._check(size, growth)
        self._bodies._held += growth
        self._size += growth

    def release(self) -> None:
        self._bodies._held -= self._size
        self._size = 0
