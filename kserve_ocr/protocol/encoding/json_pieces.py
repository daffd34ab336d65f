"""Long strings and arrays cut out of a JSON body, so that no call of the parser takes long.

A parser holds the interpreter, in a thread, too: for a string of 128 MiB a quarter of a second. Documents in base64 are
strings without escapes, which are found by their quotes; pixels are arrays of numbers named "data".
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from kserve_ocr.protocol.errors import MalformedRequestError, TooManyBytesError

PIECE: Final = 1 << 20
"""Bytes that are looked at in one call, and that make a string or an array long."""
_PLAIN: Final = bytes(set(range(0x20, 0x7F)) - set(b'"\\'))
"""Characters that stand for themselves in a string, as far as base64 and data URIs need them."""
_DATA: Final = b'"data"'
_NUMBERS: Final = re.compile(rb'"data"\s*:\s*\[(?=\s*[-0-9])')
"""The start of an array of numbers. In a string its quotes would be escaped."""
_BACKSLASHES: Final = 4096


def quotes(body: bytes) -> int:
    """How many quotation marks the body has."""
    return sum(body.count(b'"', start, start + PIECE) for start in range(0, len(body), PIECE))


def cut_strings(body: bytes, mark: str) -> tuple[bytes, dict[str, str]]:
    """The body with ``mark`` and a number in place of each long string, and the strings by what replaced them.

    Strings with escapes or other characters than ASCII stay. Takes time for every quotation mark.
    """
    rest: list[bytes] = []
    found: dict[str, str] = {}
    position = 0
    start = body.find(b'"')
    while start >= 0 and (end := _end_of_string(body, start + 1)) >= 0:
        if end - start > PIECE and _is_plain(body, start + 1, end):
            name = f"{mark}{len(found)}"
            found[name] = body[start + 1 : end].decode("ascii")
            rest += [body[position : start + 1], name.encode()]
            position = end
        start = body.find(b'"', end + 1)
    return (b"".join([*rest, body[position:]]) if rest else body), found


def cut_numbers(body: bytes, mark: str, *, limit: int) -> tuple[bytes, dict[str, list[Any]]]:
    """The body with ``mark`` and a number in place of each long array of numbers, and the arrays, parsed in pieces.

    Raises TooManyBytesError for more than ``limit`` numbers, MalformedRequestError and orjson.JSONDecodeError.
    """
    rest: list[bytes] = []
    found: dict[str, list[Any]] = {}
    position = left = 0
    at = body.find(_DATA)
    while at >= 0:
        match = _NUMBERS.match(body, at)
        start = match.end() if match else at + len(_DATA)
        end = body.find(b"]", start) if match else start
        if end - start > PIECE:
            left += body.count(b",", start, end) + 1
            if left > limit:
                raise TooManyBytesError(f"the JSON holds more than {limit} numbers; send pixels as a binary tensor")
            name = f"{mark}{len(found)}"
            found[name] = _numbers(body, start, end)
            rest += [body[position : start - 1], f'"{name}"'.encode()]
            position = end + 1
        at = body.find(_DATA, max(start, position))
    return (b"".join([*rest, body[position:]]) if rest else body), found


def put_back(value: Any, strings: dict[str, str]) -> Any:
    """The value with the strings in the place of their marks. Raises MalformedRequestError if one is a key."""
    missing = dict(strings)
    holder = [value]
    waiting: list[Any] = [holder]
    while waiting and missing:
        container = waiting.pop()
        for key, item in container.items() if isinstance(container, dict) else enumerate(container):
            if isinstance(item, str):
                container[key] = missing.pop(item, item)
            elif isinstance(item, list | dict):
                waiting.append(item)
    if missing:
        raise MalformedRequestError("a name in the JSON is over a mebibyte long")
    return holder[0]


def _end_of_string(body: bytes, start: int) -> int:
    """Where the string ends whose content begins at ``start``; -1 if that is not found."""
    at = start
    while (end := body.find(b'"', at)) >= 0:
        before = body[max(start, end - _BACKSLASHES) : end]
        backslashes = len(before) - len(before.rstrip(b"\\"))
        if backslashes == _BACKSLASHES:
            return -1
        if backslashes % 2 == 0:
            return end
        at = end + 1
    return -1


def _is_plain(body: bytes, start: int, end: int) -> bool:
    pieces = (body[at : min(at + PIECE, end)] for at in range(start, end, PIECE))
    return not any(piece.translate(None, _PLAIN) for piece in pieces)


def _numbers(body: bytes, start: int, end: int) -> list[Any]:
    """The elements of the array from ``start`` to ``end``, without its brackets."""
    found: list[Any] = []
    while start <= end:
        comma = body.find(b",", min(start + PIECE, end), end)
        stop = end if comma < 0 else comma
        piece = orjson.loads(b"[%b]" % body[start:stop])
        if not piece:
            raise MalformedRequestError("the body is not valid JSON: an array has a comma without a value")
        found += piece
        start = stop + 1
    return found
