"""gRPC messages as bytes: received when there is room for them, counted like HTTP bodies, bounded before parsing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from grpc import aio
from kserve import InferRequest
from kserve.errors import InvalidInput
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest

from kserve_ocr.protocol.encoding.bounded_json import MAX_NUMBERS
from kserve_ocr.protocol.errors import ClientGoneError, MalformedRequestError, OverloadedError, TooManyBytesError
from kserve_ocr.serving.request_body import RequestBodyLimiter
from kserve_ocr.workers.fair_queue import CLIENT

_INPUTS, _CONTENTS = 5, 5
"""Numbers of the fields of a request that hold tensors, and of a tensor that hold its typed values."""
_RAW_CONTENTS: Final = 7
"""Number of the field of a request that holds the raw data of a tensor."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_BYTES: Final = 8
"""Number of the field of typed values that holds documents."""
_SILENT_SECONDS: Final = 5.0
"""For which a call may keep others from sending."""
_MAX_FIELDS: Final = 50_000
"""Fields of one message that may have to be walked through, at a microsecond each."""


class GrpcMessageLimiter:
    """Receives messages. A message that nobody asked for stays with its sender, by HTTP/2's flow control."""

    def __init__(
        self, bodies: RequestBodyLimiter, *, seconds: float, max_calls: int, clients: Mapping[str, str]
    ) -> None:
        """``clients`` are addresses by the ``address:port`` that gRPC sees in their place."""
        self._addresses = clients
        self._bodies = bodies
        self._seconds = seconds
        self._max_waiting = max(1, max_calls // 2)
        slots = bodies.largest_at_once // 2
        self._receiving = asyncio.Semaphore(max(1, slots))
        self._share = max(1, slots // 2)
        self._clients: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._waiting: Counter[str] = Counter()
        """Calls of each client whose next message may not be received yet."""

    @asynccontextmanager
    async def receive(self, context: aio.ServicerContext[Any, Any]) -> AsyncIterator[bytes]:
        """The next message of a call; its bytes count as held until the block ends.

        It is read from the context: the iterator that handlers get keeps each message until the next one is asked for,
        and an error that passes through the handler keeps the iterator.

        Raises TooManyBytesError, OverloadedError, MalformedRequestError and ClientGoneError.
        """
        address = context.peer().partition(":")[2]  # of ipv4:address:port
        client = self._addresses.get(address) or address.rpartition(":")[0]
        CLIENT.set(client)
        reservation = self._bodies.reserve(client)
        message = b""
        try:
            message = await self._next(context, client)
            reservation.grow_to(len(message))
            yield message
        finally:
            message = b""  # an error that passes through would keep this frame, and it the message
            reservation.release()

    async def _next(self, context: aio.ServicerContext[Any, Any], client: str) -> bytes:
        """Large messages arrive a few at a time: their size is known only when they are here."""
        if self._waiting[client] >= self._max_waiting:
            raise OverloadedError("too many of your calls wait to send a message; try again", retry_after=2)
        share = self._clients.setdefault(client, asyncio.Semaphore(self._share))
        try:
            async with asyncio.timeout(self._seconds), self._turn(client, share):
                message = await self._read_unless_wanted(context, client)
        except TimeoutError:
            raise MalformedRequestError(f"the message did not arrive within {self._seconds:.0f} s") from None
        if not isinstance(message, bytes):
            raise ClientGoneError("the call ended without a message")
        return message

    @asynccontextmanager
    async def _turn(self, client: str, share: asyncio.Semaphore) -> AsyncIterator[None]:
        self._waiting[client] += 1
        waiting = True
        try:
            async with share, self._receiving:
                self._waiting[client] -= 1
                waiting = False
                yield
        finally:
            self._waiting[client] -= waiting
            if not self._waiting[client]:
                del self._waiting[client]

    async def _read_unless_wanted(self, context: aio.ServicerContext[Any, Any], client: str) -> Any:
        """The next message. A stream may be silent, but not while another call waits for its turn.

        Raises OverloadedError then.
        """
        reading = asyncio.ensure_future(context.read())
        try:
            while True:
                done, _ = await asyncio.wait({reading}, timeout=_SILENT_SECONDS)
                if done:
                    return reading.result()
                if self._waiting[client] or (self._waiting.total() and self._receiving.locked()):
                    raise OverloadedError(
                        f"no message came for {_SILENT_SECONDS:.0f} s while other calls waited; call again to send",
                        retry_after=1,
                    )
        finally:
            reading.cancel()


def parse_infer_request(message: bytes) -> InferRequest:
    """The request in a message; raw tensors are views of it, which the generated parser would copy twice.

    Raises TooManyBytesError for one with too many values, and MalformedRequestError.
    """
    try:
        view = memoryview(message)
        _check_count(view)
        raw = [field.content for field in _fields(view) if field.is_raw]
        parsed = ModelInferRequest.FromString(b"".join(field.encoded for field in _fields(view) if not field.is_raw))
    except (DecodeError, IndexError):
        raise MalformedRequestError("the message is not a ModelInferRequest; send it by the V2 protocol") from None
    if raw and len(raw) != len(parsed.inputs):
        raise MalformedRequestError(f"{len(parsed.inputs)} inputs do not match {len(raw)} raw_input_contents")
    if raw and any(tensor.HasField("contents") for tensor in parsed.inputs):
        raise MalformedRequestError("an input has 'contents' besides raw_input_contents; send one of them")
    try:
        request = InferRequest.from_grpc(parsed)
    except InvalidInput:
        raise MalformedRequestError("an input has a datatype that the V2 protocol does not know") from None
    request._use_raw_outputs = bool(raw)  # as it does for raw contents; there is no public setter for either
    for tensor, content in zip(request.inputs, raw, strict=False):
        tensor._raw_data = content
    return request


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
    for field in _fields(message):
        yield None, field.content
        if field.number == _INPUTS:
            for inner in _fields(field.content):
                yield None, inner.content
                if inner.number == _CONTENTS:
                    yield from ((typed.number, typed.content) for typed in _fields(inner.content))


class _Field(NamedTuple):
    """One field of a message."""

    number: int
    kind: int
    content: memoryview
    """Empty unless the field has a length."""
    encoded: memoryview
    """The whole field."""

    @property
    def is_raw(self) -> bool:
        """Whether it holds the raw data of a tensor, if it is a field of a request."""
        return self.number == _RAW_CONTENTS and self.kind == _LENGTH


def _fields(message: memoryview) -> Iterator[_Field]:
    """The fields of a message in Protocol Buffers' wire format.

    Raises IndexError or DecodeError for a message that ends inside a field, DecodeError for one that has other fields.
    """
    at = 0
    while at < len(message):
        start = at
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
        content = message[at : at + size]
        at += size
        if at > len(message):
            raise DecodeError
        yield _Field(key >> 3, kind, content, message[start:at])


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
