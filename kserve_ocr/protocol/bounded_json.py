"""JSON whose size in memory is known before it is parsed.

A parsed value takes 8 to 70 bytes where its text takes two, and parsing is one call that holds the interpreter, in a
thread, too: 64 MiB of ``[],[],…`` become 1.4 GB and stop the server for seconds. Documents are few and long, so a
bound on the number of values refuses none of them.
"""

from __future__ import annotations

import codecs
import re
import secrets
import string
from typing import Any, Final

import orjson

from kserve_ocr.protocol.errors import MalformedRequestError, TooManyBytesError
from kserve_ocr.protocol.types import Buffer

MAX_VALUES: Final = 2_000_000
"""Commas in one JSON body outside of long arrays of numbers: as many numbers are parsed in 0.07 to 0.13 s."""
MAX_NUMBERS: Final = 16_000_000
"""Numbers in all long arrays ``"data": [...]`` of a body: an A4 page in color at 220 dpi. They are parsed in pieces."""
MAX_STRINGS_AND_CONTAINERS: Final = 200_000
"""Strings, lists and objects in one JSON body, which take more memory than numbers."""

_BOM: Final = codecs.BOM_UTF8
_CHUNK: Final = 1 << 20
_CONTENT: Final = (string.ascii_letters + string.digits + "+/=-_. \n").encode()
"""What base64, numbers and layout are made of: never counted, so it is dropped first and in one pass."""
_NUMBERS: Final = re.compile(rb'"data"\s*:\s*\[(?=\s*[-0-9])')
"""The start of an array of numbers. In a string its quotes would be escaped."""


def parse(body: Buffer) -> Any:
    """The value in a JSON body; a byte-order mark before it is skipped.

    Raises TooManyBytesError if it holds more values than the bounds, MalformedRequestError if it is not JSON.
    """
    content = memoryview(body).cast("B")
    content = content[len(_BOM) :] if bytes(content[: len(_BOM)]) == _BOM else content
    try:
        if len(content) <= _CHUNK or _NUMBERS.search(content) is None:
            _check_count(content)
            return orjson.loads(content)
        return _parse_in_pieces(bytes(content))
    except orjson.JSONDecodeError as error:
        raise MalformedRequestError(f"the body is not valid JSON: {error}") from None


def _parse_in_pieces(body: bytes) -> Any:
    """As one call would parse it, but long arrays of numbers of tensors by many short calls."""
    mark = secrets.token_hex(16)
    arrays: list[list[Any]] = []
    rest: list[bytes] = []
    position = left = 0
    for match in _NUMBERS.finditer(body):
        start, end = match.end(), body.find(b"]", match.end())
        if start < position or end - start <= _CHUNK:
            continue
        left += body.count(b",", start, end) + 1
        if left > MAX_NUMBERS:
            raise TooManyBytesError(f"the JSON holds more than {MAX_NUMBERS} numbers; send pixels as a binary tensor")
        rest += [body[position : start - 1], f'"{mark}{len(arrays)}"'.encode()]
        arrays.append(_numbers(body, start, end))
        position = end + 1
    remaining = b"".join([*rest, body[position:]])
    _check_count(memoryview(remaining))
    value = orjson.loads(remaining)
    if not _put_back(value, mark, arrays):
        raise MalformedRequestError("numbers belong into the 'data' of an input")
    return value


def _numbers(body: bytes, start: int, end: int) -> list[Any]:
    """The elements of the array from ``start`` to ``end``, without its brackets."""
    found: list[Any] = []
    while start <= end:
        comma = body.find(b",", min(start + _CHUNK, end), end)
        stop = end if comma < 0 else comma
        piece = orjson.loads(b"[%b]" % body[start:stop])
        if not piece:
            raise MalformedRequestError("the body is not valid JSON: an array has a comma without a value")
        found += piece
        start = stop + 1
    return found


def _put_back(value: Any, mark: str, arrays: list[list[Any]]) -> bool:
    """Whether every array has found its tensor."""
    inputs = value.get("inputs") if isinstance(value, dict) else None
    names = {f"{mark}{number}": array for number, array in enumerate(arrays)}
    for tensor in inputs if isinstance(inputs, list) else ():
        if isinstance(tensor, dict) and isinstance(tensor.get("data"), str) and tensor["data"] in names:
            tensor["data"] = names.pop(tensor["data"])
    return not names


def _check_count(view: memoryview) -> None:
    """Count what separates and opens values. Text inside strings counts too: more than there is, never less."""
    values = openings = 0
    for start in range(0, len(view), _CHUNK):
        marks = bytes(view[start : start + _CHUNK]).translate(None, _CONTENT)
        values += marks.count(b",")
        openings += marks.count(b"[") + marks.count(b"{") + marks.count(b'"') // 2
        if values > MAX_VALUES or openings > MAX_STRINGS_AND_CONTAINERS:
            raise TooManyBytesError(
                f"the JSON holds more than {MAX_VALUES} values, or {MAX_STRINGS_AND_CONTAINERS} strings and lists; "
                "send pixels as a binary tensor, or several requests"
            )
