"""Request bodies, bounded one by one, by client, all together, and in the time that they may take to arrive."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final

from msgspec import Struct
from starlette.requests import Request

from kserve_ocr.protocol.errors import ClientGoneError, MalformedRequestError, OverloadedError, TooManyBytesError
from kserve_ocr.serving.connection.content_encoding import PIECE, decode, names_of

_ON_THE_LOOP: Final = 1 << 16
_MAX_ENCODINGS: Final = 3
_FULL: Final = "the service holds as many bytes of requests as it may; try again in a moment"


class ArrivalLimits(Struct, frozen=True):
    """How slowly a body may arrive."""

    seconds: float = 120.0
    """From its first byte to its last."""
    idle_seconds: float = 20.0
    """Without a byte."""
    bytes_per_second: float = 1024.0
    """On average, once ``idle_seconds`` have passed."""


class ReceivedBody:
    """A body that has arrived, until it is taken: then it lives as long as what is parsed from it needs its bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def take(self) -> bytes:
        """The bytes, once."""
        content, self._content = self._content, b""
        return content


class RequestBodyLimiter:
    """Reads request bodies of at most ``limit`` bytes each and ``total`` bytes at once.

    Only bytes that have arrived count. One client may hold half of the total, or one body of the largest size.
    """

    def __init__(self, *, limit: int, total: int, arrival: ArrivalLimits | None = None) -> None:
        self.limit = limit
        self._total = max(limit, total)
        self._share = max(limit, self._total // 2)
        self._arrival = arrival or ArrivalLimits()
        self._held: Counter[str] = Counter()

    def read(self, request: Request) -> _Reading:
        """The request's whole body, decoded if it was sent with a Content-Encoding.

        Its bytes count as held until the block ends, encoded and decoded.

        Raises TooManyBytesError before more than the limit is read, OverloadedError if all bodies together or those of
        this client would be over the total, MalformedRequestError for one that arrives too slowly or is damaged,
        UnsupportedDocumentError for an encoding that is not known, ClientGoneError.
        """
        return _Reading(self, request)

    @property
    def largest_at_once(self) -> int:
        """Bodies of the largest size that the total has room for, at least one."""
        return self._total // self.limit

    def reserve(self, client: str) -> Reservation:
        """A reservation of nothing yet, for a body of this client. The caller releases it."""
        return Reservation(self, client)

    async def receive(self, request: Request, reservation: Reservation) -> ReceivedBody:
        """The request's whole body, decoded, its bytes counted in the reservation. Raises what :meth:`read` raises."""
        body = await self._arriving(request, reservation)
        encodings = names_of(request.headers.get("content-encoding", ""))
        if len(encodings) > _MAX_ENCODINGS:
            raise MalformedRequestError(f"the body has more than {_MAX_ENCODINGS} encodings; send it with one")
        for encoding in reversed(encodings):
            body = await _decode(body, encoding, reservation)
        return ReceivedBody(body)

    async def _arriving(self, request: Request, reservation: Reservation) -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            self.check_size(int(declared[:20]))
        loop, arrival = asyncio.get_running_loop(), self._arrival
        end = loop.time() + arrival.seconds
        try:
            async with asyncio.timeout(min(arrival.seconds, arrival.idle_seconds)) as timeout:
                return await self._pieces(request, reservation, timeout, end)
        except TimeoutError:
            if loop.time() >= end:
                raise _too_slow(f"within {arrival.seconds:.0f} s") from None
            raise _too_slow(f"and nothing of it came for {arrival.idle_seconds:.0f} s") from None

    async def _pieces(self, request: Request, reservation: Reservation, timeout: asyncio.Timeout, end: float) -> bytes:
        """The body as it arrives until ``end``, in the loop's time; each piece puts the timeout off."""
        loop, arrival = asyncio.get_running_loop(), self._arrival
        began = end - arrival.seconds
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError("the client disconnected before its request was complete")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            reservation.grow_to(size)
            chunks.append(chunk)
            if not message.get("more_body"):
                return b"".join(chunks) if len(chunks) > 1 else chunk
            now = loop.time()
            if now - began > arrival.idle_seconds and size < (now - began) * arrival.bytes_per_second:
                raise _too_slow(f"at {arrival.bytes_per_second:.0f} bytes a second")
            timeout.reschedule(min(end, now + arrival.idle_seconds))

    def check_size(self, size: int) -> None:
        """Raise TooManyBytesError if one body may not have this size."""
        if size > self.limit:
            raise TooManyBytesError(
                f"the request's body is over the limit of {self.limit} bytes; send fewer or smaller files"
            )

    def grow(self, client: str, growth: int) -> None:
        """Count bytes of a client. Raises OverloadedError."""
        if self._held.total() + growth > self._total:
            raise OverloadedError(_FULL, retry_after=2)
        if self._held[client] + growth > self._share:
            raise OverloadedError(
                "your requests hold as many bytes as one client may; send fewer at once", retry_after=2
            )
        self._held[client] += growth

    def shrink(self, client: str, size: int) -> None:
        """Give back what was counted."""
        self._held[client] -= size
        if not self._held[client]:
            del self._held[client]


class _Reading:
    """A body during a block; a class, since a generator takes three times as long, which a text line would notice."""

    def __init__(self, bodies: RequestBodyLimiter, request: Request) -> None:
        self._bodies, self._request = bodies, request
        self._reservation = bodies.reserve(request.client.host if request.client else "")

    async def __aenter__(self) -> ReceivedBody:
        try:
            return await self._bodies.receive(self._request, self._reservation)
        except BaseException:
            self._reservation.release()
            raise

    async def __aexit__(self, *raised: object) -> None:
        self._reservation.release()


async def _decode(body: bytes, encoding: str, reservation: Reservation) -> bytes:
    """The decoded body; every piece is checked against the limits before the next one is decoded."""
    pieces = decode(body, encoding)
    decoded: list[bytes] = []
    size = 0
    while piece := await _next(pieces, in_thread=len(body) > _ON_THE_LOOP or size >= PIECE):
        size += len(piece)
        reservation.grow_to(size, beside=len(body))
        decoded.append(piece)
    return b"".join(decoded)


async def _next(pieces: Iterator[bytes], *, in_thread: bool) -> bytes:
    """The next piece that is not empty; empty after the last."""
    find = partial(next, (piece for piece in pieces if piece), b"")
    return await asyncio.to_thread(find) if in_thread else find()


class Reservation:
    """The bytes that one body takes of the total."""

    def __init__(self, bodies: RequestBodyLimiter, client: str) -> None:
        self._bodies = bodies
        self._client = client
        self._size = 0

    def grow_to(self, size: int, *, beside: int = 0) -> None:
        """Take ``size`` bytes of the total, and ``beside`` that are still held; none if they were taken already.

        Raises TooManyBytesError or OverloadedError.
        """
        self._bodies.check_size(size)
        growth = max(0, size + beside - self._size)
        self._bodies.grow(self._client, growth)
        self._size += growth

    def release(self) -> None:
        """Give everything back."""
        self._bodies.shrink(self._client, self._size)
        self._size = 0


def _too_slow(how: str) -> MalformedRequestError:
    return MalformedRequestError(f"the body did not arrive {how}; send it again on a better connection")
