"""gRPC messages as bytes: received when there is room for them, counted like HTTP bodies, bounded before parsing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakValueDictionary

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest

from kserve_ocr.protocol.bounded_json import MAX_NUMBERS
from kserve_ocr.protocol.errors import ClientGoneError, MalformedRequestError, TooManyBytesError
from kserve_ocr.serving.request_body import RequestBodyLimiter
from kserve_ocr.workers.fair_queue import CLIENT

_INPUTS, _CONTENTS = 5, 5
"""Numbers of the fields of a request that hold tensors, and of a tensor that hold its typed values."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_BYTES: Final = 8
"""Number of the field of typed values that holds documents."""
_MAX_FIELDS: Final = 50_000
"""Fields of one message that may have to be walked through, at a microsecond each."""


class GrpcMessageLimiter:
    """Receives messages. A message that nobody asked for stays with its sender, by HTTP/2's flow control."""

    def __init__(self, bodies: RequestBodyLimiter, *, seconds: float) -> None:
        self._bodies = bodies
        self._seconds = seconds
        slots = bodies.largest_at_once // 2
        self._receiving = asyncio.Semaphore(max(1, slots))
        self._share = max(1, slots // 2)
        self._clients: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def receive(self, messages: AsyncIterator[bytes], *, peer: str) -> AsyncIterator[bytes]:
        """The message of a call; its bytes count as held until the block ends.

        ``peer`` is gRPC's ``ipv4:address:port``. Raises TooManyBytesError, OverloadedError, MalformedRequestError and
        ClientGoneError.
        """
        client = peer.partition(":")[2].rpartition(":")[0]
        CLIENT.set(client)
        reservation = self._bodies.reserve(client)
        message = b""
        try:
            message = await self._next(messages, client)
            reservation.grow_to(len(message))
            yield message
        finally:
            message = b""  # an error that passes through would keep this frame, and it the message
            reservation.release()

    async def _next(self, messages: AsyncIterator[bytes], client: str) -> bytes:
        """Large messages arrive a few at a time: their size is known only when they are here."""
        share = self._clients.setdefault(client, asyncio.Semaphore(self._share))
        try:
            async with asyncio.timeout(self._seconds), share, self._receiving:
                return await anext(messages)
        except TimeoutError:
            raise MalformedRequestError(f"the message did not arrive within {self._seconds:.0f} s") from None
        except StopAsyncIteration:
            raise ClientGoneError("the call ended without a message") from None


def parse_infer_request(message: bytes) -> Any:
    """The request in a message. Raises TooManyBytesError for one with too many values, and MalformedRequestError."""
    try:
        _check_count(memoryview(message))
        return ModelInferRequest.FromString(message)
    except (DecodeError, IndexError):
        raise MalformedRequestError("the message is not a ModelInferRequest; send it by the V2 protocol") from None


def _check_count(message: memoryview) -> None:
    """Count fields, and the bytes of packed numbers, which are at least as many as the numbers."""
    numbers = 0
    for fields, (kind, content) in enumerate(_leaves(message), 1):
        if kind is not None and kind != _BYTES:
            numbers += max(1, len(content))
        if fields > _MAX_FIELDS or numbers > MAX_NUMBERS:
            raise TooManyBytesError(
                f"the message has more than {_MAX_FIELDS} fields or {MAX_NUMBERS} typed values; send raw tensors"
            )


def _leaves(message: memoryview) -> Iterator[tuple[int | None, memoryview]]:
    """Every field down to the typed values of tensors; with the number of a typed value's field, None for others."""
    for number, content in _fields(message):
        yield None, content
        if number == _INPUTS:
            for inner, typed in _fields(content):
                yield None, typed
                if inner == _CONTENTS:
                    yield from _fields(typed)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each field of a message (Protocol Buffers' wire format); no content unless it has a length.

    Raises IndexError for a message that ends inside a field, DecodeError for one that has other fields.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        size = 0
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _LENGTH:
            size, at = _varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise DecodeError
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """An unsigned number and the place after it."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise DecodeError
