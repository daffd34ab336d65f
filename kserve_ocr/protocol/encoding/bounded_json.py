"""JSON whose size in memory is known before it is parsed.

A parsed value takes 8 to 70 bytes where its text takes two, and parsing is one call that holds the interpreter, in a
thread, too: 64 MiB of ``[],[],…`` become 1.4 GB and stop the server for seconds. Documents are few and long, so a
bound on the number of values refuses none of them.
"""

from __future__ import annotations

import codecs
import secrets
import string
from typing import Any, Final

import orjson

from kserve_ocr.protocol.encoding.json_pieces import PIECE, cut_numbers, cut_strings, put_back, quotes
from kserve_ocr.protocol.errors import MalformedRequestError, TooManyBytesError
from kserve_ocr.protocol.types import Buffer

MAX_VALUES: Final = 2_000_000
"""Commas in one JSON body outside of long arrays of numbers: as many numbers are parsed in 0.07 to 0.13 s."""
MAX_NUMBERS: Final = 16_000_000
"""Numbers in all long arrays ``"data": [...]`` of a body: an A4 page in color at 220 dpi. They are parsed in pieces."""
MAX_STRINGS_AND_CONTAINERS: Final = 200_000
"""Strings, lists and objects in one JSON body, which take more memory than numbers."""

_TOO_MANY: Final = (
    f"the JSON holds more than {MAX_VALUES} values, or {MAX_STRINGS_AND_CONTAINERS} strings and lists; "
    "send pixels as a binary tensor, or several requests"
)
_BOM: Final = codecs.BOM_UTF8
_CONTENT: Final = (string.ascii_letters + string.digits + "+/=-_. \n").encode()
"""What base64, numbers and layout are made of: never counted, so it is dropped first and in one pass."""


def parse(body: Buffer) -> Any:
    """The value in a JSON body; a byte-order mark before it is skipped.

    Raises TooManyBytesError if it holds more values than the bounds, MalformedRequestError if it is not JSON.
    """
    content = memoryview(body).cast("B")
    content = content[len(_BOM) :] if bytes(content[: len(_BOM)]) == _BOM else content
    try:
        if len(content) > PIECE:
            return _parse_in_pieces(_whole(content))
        _check_count(content)
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise MalformedRequestError(f"the body is not valid JSON: {error}") from None


def _whole(content: memoryview) -> bytes:
    """The content, not copied if it is all of its bytes."""
    owner = content.obj
    return owner if isinstance(owner, bytes) and len(owner) == len(content) else bytes(content)


def _parse_in_pieces(body: bytes) -> Any:
    """As one call would parse it, but long strings, and long arrays of numbers of tensors, by many short calls."""
    if quotes(body) > 2 * MAX_STRINGS_AND_CONTAINERS:
        raise TooManyBytesError(_TOO_MANY)
    mark = secrets.token_hex(16)
    body, strings = cut_strings(body, f"{mark}s")
    body, arrays = cut_numbers(body, f"{mark}n", limit=MAX_NUMBERS)
    _check_count(memoryview(body))
    value = orjson.loads(body)
    if not _put_back(value, arrays):
        raise MalformedRequestError("numbers belong into the 'data' of an input")
    return put_back(value, strings)


def _put_back(value: Any, arrays: dict[str, list[Any]]) -> bool:
    """Whether every array has found its tensor."""
    inputs = value.get("inputs") if isinstance(value, dict) else None
    for tensor in inputs if isinstance(inputs, list) else ():
        if isinstance(tensor, dict) and isinstance(tensor.get("data"), str) and tensor["data"] in arrays:
            tensor["data"] = arrays.pop(tensor["data"])
    return not arrays


def _check_count(view: memoryview) -> None:
    """Count what separates and opens values. Text inside strings counts too: more than there is, never less."""
    values = openings = 0
    for start in range(0, len(view), PIECE):
        marks = bytes(view[start : start + PIECE]).translate(None, _CONTENT)
        values += marks.count(b",")
        openings += marks.count(b"[") + marks.count(b"{") + marks.count(b'"') // 2
        if values > MAX_VALUES or openings > MAX_STRINGS_AND_CONTAINERS:
            raise TooManyBytesError(_TOO_MANY)
