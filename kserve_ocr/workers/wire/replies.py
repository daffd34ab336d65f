"""Replies, from a worker to the server: MessagePack that is checked against a schema.

A worker works on hostile documents, so its replies are not trusted: they are decoded into the types that the pool
declares, and into nothing else. Errors come as a code of :mod:`kserve_ocr.protocol.errors`, never as an object.
"""

from __future__ import annotations

import traceback
from typing import Annotated, Any, Generic, TypeVar, get_args

import msgspec
import numpy as np

from kserve_ocr.protocol import errors
from kserve_ocr.workers.wire import arrays
from kserve_ocr.workers.wire.frames import Frame, Part

Result = TypeVar("Result")

MAX_BYTES = 64 << 20
"""Bytes of a reply without its arrays."""
_LONGEST_TEXT = 20_000
_Bytes = Annotated[int, msgspec.Meta(ge=0)]


class InvalidReplyError(Exception):
    """A reply that no worker of ours sends; the message says what is wrong with it."""


class Started(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The first message of a worker."""

    pid: int
    resident: _Bytes
    """Resident memory of the worker in bytes."""
    description: Annotated[str, msgspec.Meta(max_length=1000)]
    """Description reported by its handler."""
    unconfined: Annotated[tuple[str, ...], msgspec.Meta(max_length=10)] = ()
    """Parts of the sandbox that the kernel does not offer."""


class Failed(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A job, or the start of a worker, raised an exception."""

    resident: _Bytes
    code: Annotated[str, msgspec.Meta(max_length=100)]
    """Of an OcrError; empty for any other exception."""
    message: Annotated[str, msgspec.Meta(max_length=_LONGEST_TEXT)]
    retry_after: Annotated[int, msgspec.Meta(ge=0, le=86_400)] | None
    trace: Annotated[str, msgspec.Meta(max_length=_LONGEST_TEXT)]

    @classmethod
    def of(cls, error: Exception, resident: int) -> Failed:
        """What is told of an exception."""
        trace = "".join(traceback.format_exception(error))[-_LONGEST_TEXT:]
        if isinstance(error, errors.OcrError):
            return cls(resident, error.code, error.message[:_LONGEST_TEXT], error.retry_after, trace)
        return cls(resident, "", f"{type(error).__name__}: {error}"[:_LONGEST_TEXT], None, trace)

    def error(self) -> Exception:
        """The OcrError, or a RuntimeError for any other exception; the worker's traceback is a note of it."""
        error = errors.from_code(self.code, self.message, retry_after=self.retry_after) or RuntimeError(self.message)
        error.add_note(self.trace)
        return error


class Done(msgspec.Struct, Generic[Result], frozen=True, tag=True, array_like=True):
    """The result of a job."""

    resident: _Bytes
    result: Result


Reply = Started | Failed | Done[Any]


class ReplyDecoder:
    """Decodes the replies of one pool. ``result`` is the type of its results, as msgspec and mypy read types."""

    def __init__(self, result: Any) -> None:
        self._parts: list[memoryview] = []
        self._decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(
            Started | Failed | Done[result], ext_hook=self._array, dec_hook=_checked
        )

    def decode(self, frame: Frame) -> Reply:
        """The reply in a frame. Raises InvalidReplyError."""
        if not frame.parts or len(frame.parts[0]) > MAX_BYTES:
            raise InvalidReplyError("it is empty or too long")
        self._parts = frame.parts
        try:
            return self._decoder.decode(frame.parts[0])
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise InvalidReplyError(str(error)) from None
        finally:
            self._parts = []

    def _array(self, code: int, data: memoryview) -> Any:
        return arrays.decode(code, data, self._parts)


def encode(reply: Reply) -> list[Part]:
    """The parts of a frame. Raises TypeError for a value that has no place in a reply."""
    parts: list[Part] = [b""]

    def convert(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return arrays.encode(value, parts)
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(f"a {type(value).__name__} cannot be sent to the server")

    parts[0] = msgspec.msgpack.encode(reply, enc_hook=convert)
    return parts


def _checked(expected: Any, value: Any) -> Any:
    """An array if its elements are of the type that the schema names. Raises ValueError."""
    dtype = get_args(get_args(expected)[1])[0]
    if not isinstance(value, np.ndarray) or value.dtype != dtype:
        raise ValueError(f"expected an array of {np.dtype(dtype)}")
    return value
