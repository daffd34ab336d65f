"""``multipart/form-data`` bodies (RFC 7578) as parts that are views of the body.

Parts are found by searching for the boundary, so the time depends on the bytes and on the number of parts, both of
which are bounded. Parsers that call back for each piece need seconds for a body of tiny parts, and Starlette's writes
every file over 1 MB to disk in a thread.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from python_multipart.multipart import parse_options_header

from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError

MAX_PARTS: Final = 1000
"""Files and fields of one form; files have the lower bound of OCR_MAX_DOCUMENTS."""
MAX_PART_HEADER_BYTES: Final = 8192
MAX_FIELD_BYTES: Final = 65_536
"""Bytes of a part that is an option and not a file."""

_MAX_BOUNDARY_BYTES: Final = 200  # RFC 2046 allows 70
_DELIMITER_ENDS: Final = {
    newline: re.compile(rb"(--)?[ \t]{0,100}(?:" + newline + rb"|\Z)|(--)") for newline in (b"\r\n", b"\n")
}
"""What follows a boundary, by how lines end: programs that write a form themselves often send a line feed alone."""


class Part(Struct, frozen=True):
    """One field of a form; ``filename`` is None if the client sent none."""

    name: str
    filename: str | None
    content: memoryview

    @property
    def text(self) -> str:
        """The value of an option. Raises InvalidParameterError if it is longer than options are."""
        if len(self.content) > MAX_FIELD_BYTES:
            raise InvalidParameterError(
                f"the field '{self.name:.100}' has more than {MAX_FIELD_BYTES} bytes; send a document as a file"
            )
        return bytes(self.content).decode("utf-8", "replace").strip()


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """The parts of a body in their order. Raises MalformedRequestError."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary or len(boundary) > _MAX_BOUNDARY_BYTES:
        raise MalformedRequestError("the multipart body has no boundary; let the client set the content type")
    parts: list[Part] = []
    first, newline = _first_delimiter(body, b"--" + boundary)
    for start, end in _extents(body, first, newline + b"--" + boundary, newline):
        if len(parts) == MAX_PARTS:
            raise MalformedRequestError(f"the form has more than {MAX_PARTS} parts; send several requests")
        parts.append(_part(body, start, end, newline))
    return parts


def _first_delimiter(body: bytes, delimiter: bytes) -> tuple[int, bytes]:
    """Where the first delimiter ends, and how lines end after it; what stands before it is skipped."""
    first = 0 if body.startswith(delimiter) else body.find(b"\n" + delimiter) + 1
    if not body.startswith(delimiter, first):
        raise MalformedRequestError("the multipart body cannot be read: its boundary is not in it")
    end = first + len(delimiter)
    return end, b"\n" if _DELIMITER_ENDS[b"\n"].match(body, end) else b"\r\n"


def _extents(body: bytes, start: int, line: bytes, newline: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each part with its headers (RFC 2046, 5.1.1); ``start`` is where the first delimiter ends."""
    while True:
        match = _DELIMITER_ENDS[newline].match(body, start)
        if match is None:
            raise MalformedRequestError("the multipart body cannot be read: no line ends after a boundary")
        if match[1] or match[2]:
            return
        end = body.find(line, match.end() - len(newline))
        if end < 0:
            raise MalformedRequestError("the multipart body ends before its last boundary; upload it again")
        yield match.end(), max(end, match.end())
        start = end + len(line)


def _part(body: bytes, start: int, end: int, newline: bytes) -> Part:
    blank = 2 * newline
    headers_end = body.find(blank, start - len(newline), min(end, start + MAX_PART_HEADER_BYTES) + len(blank))
    if headers_end < 0:
        raise MalformedRequestError(
            f"the multipart body cannot be read: a part has no headers, or more than {MAX_PART_HEADER_BYTES} bytes"
        )
    disposition = encoding = b""
    for header in body[start:headers_end].split(newline):
        name, colon, value = header.partition(b":")
        if header and (not colon or not name.strip()):
            raise MalformedRequestError("the multipart body cannot be read: a header of a part has no name")
        if name.strip().lower() == b"content-disposition":
            disposition = value.strip()
        elif name.strip().lower() == b"content-transfer-encoding":
            encoding = value.strip().lower()
    options = parse_options_header(disposition)[1]
    filename = options.get(b"filename")
    return Part(
        name=options.get(b"name", b"").decode("utf-8", "replace"),
        filename=None if filename is None else _file_name(filename),
        content=_decoded(memoryview(body)[min(end, headers_end + len(blank)) : end], encoding),
    )


def _decoded(content: memoryview, encoding: bytes) -> memoryview:
    """The content without its transfer encoding, which mail libraries give to files."""
    if encoding != b"base64":
        return content
    try:
        return memoryview(binascii.a2b_base64(content))
    except binascii.Error:
        raise MalformedRequestError("a part of the form is not valid base64; send the file as it is") from None


def _file_name(sent: bytes) -> str:
    """The name without folders; browsers send a quote as %22 (HTML, multipart form data encoding)."""
    return sent.decode("utf-8", "replace").replace("%22", '"').replace("\\", "/").rpartition("/")[2]
