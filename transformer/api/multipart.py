"""``multipart/form-data`` bodies (RFC 7578) as parts that are views of the body.

Starlette's own parser writes every file over 1 MB to disk in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from kserve_ocr.protocol.errors import MalformedRequestError


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; ``filename`` is None if the client sent none."""

    name: str
    filename: str | None
    content: memoryview

    @property
    def text(self) -> str:
        return bytes(self.content).decode("utf-8", "replace").strip()


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """The parts of a body in their order. Raises MalformedRequestError."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise MalformedRequestError("the multipart body has no boundary; let the client set the content type")
    start = _preamble(body, boundary)
    collector = _Collector(memoryview(body)[start:])
    parser = MultipartParser(boundary, collector.callbacks())  # type: ignore[arg-type]  # a TypedDict of these names
    try:
        parser.write(body[start:])
        parser.finalize()
    except FormParserError as error:
        raise MalformedRequestError(f"the multipart body cannot be read: {error}") from None
    if collector.open:
        raise MalformedRequestError("the multipart body ends before its last boundary; upload it again")
    return collector.parts


def _preamble(body: bytes, boundary: bytes) -> int:
    """Length of what stands before the first boundary (RFC 2046, 5.1.1); 0 if there is no boundary."""
    delimiter = b"--" + boundary
    if body.startswith(delimiter):
        return 0
    return max(0, body.find(b"\r\n" + delimiter) + 2) if b"\r\n" + delimiter in body else 0


class _Collector:
    """Parser callbacks that collect name, file name and range of each part."""

    def __init__(self, body: memoryview) -> None:
        self.parts: list[Part] = []
        self.open = False
        self._body = body
        self._header, self._value = b"", b""
        self._disposition = b""
        self._extent: tuple[int, int] | None = None

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._add("_header", data[start:end]),
            "on_header_value": lambda data, start, end: self._add("_value", data[start:end]),
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self.open = True
        self._disposition, self._extent = b"", None

    def _add(self, attribute: str, piece: bytes) -> None:
        setattr(self, attribute, getattr(self, attribute) + piece)

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _data(self, _data: bytes, start: int, end: int) -> None:
        self._extent = (self._extent[0] if self._extent else start, end)

    def _end(self) -> None:
        self.open = False
        options = parse_options_header(self._disposition)[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        start, end = self._extent or (0, 0)
        self.parts.append(Part(name, None if filename is None else _file_name(filename), self._body[start:end]))


def _file_name(sent: bytes) -> str:
    """The name without folders; browsers send a quote as %22 (HTML, multipart form data encoding)."""
    return sent.decode("utf-8", "replace").replace("%22", '"').replace("\\", "/").rpartition("/")[2]
