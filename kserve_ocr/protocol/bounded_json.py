"""JSON whose size in memory is known before it is parsed.

A parsed value takes 8 to 70 bytes where its text takes two, and parsing is one call that holds the interpreter, in a
thread, too: 64 MiB of ``[],[],…`` become 1.4 GB and stop the server for seconds. Documents are few and long, so a
bound on the number of values refuses none of them.
"""

from __future__ import annotations

import codecs
import string
from typing import Any, Final

import orjson

from kserve_ocr.protocol.errors import MalformedRequestError, TooManyBytesError
from kserve_ocr.protocol.types import Buffer

MAX_VALUES: Final = 2_000_000
"""Commas in one JSON body: as many numbers are parsed in 0.07 to 0.13 s. A page of more pixels is sent as a binary
tensor."""
MAX_STRINGS_AND_CONTAINERS: Final = 200_000
"""Strings, lists and objects in one JSON body, which take more memory than numbers."""

_BOM: Final = codecs.BOM_UTF8
_CHUNK: Final = 1 << 20
_CONTENT: Final = (string.ascii_letters + string.digits + "+/=-_. \n").encode()
"""What base64, numbers and layout are made of: never counted, so it is dropped first and in one pass."""


def parse(body: Buffer) -> Any:
    """The value in a JSON body; a byte-order mark before it is skipped.

    Raises TooManyBytesError if it holds more values than the bounds, MalformedRequestError if it is not JSON.
    """
    view = memoryview(body)
    _check_count(view)
    try:
        return orjson.loads(view[len(_BOM) :] if bytes(view[: len(_BOM)]) == _BOM else view)
    except orjson.JSONDecodeError as error:
        raise MalformedRequestError(f"the body is not valid JSON: {error}") from None


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
