"""RequestBodyLimiter of gateway requests: multipart, JSON or raw, as documents and options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from kserve_ocr.protocol import types, v2_request
from kserve_ocr.protocol.errors import MalformedRequestError

FILE_FIELD: Final = "image_file"


@dataclass(slots=True)
class Upload:
    """What one gateway request carries: documents in the order sent, and options as text or numbers."""

    documents: list[types.Buffer] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


def media_type(content_type: str) -> str:
    """``text/html`` of ``Text/HTML; charset=utf-8``."""
    return content_type.partition(";")[0].strip().lower()


def parse(body: bytes, content_type: str) -> Upload:
    """The documents and options in a body; any type but multipart and JSON is one document as it is.

    Raises MalformedRequestError.
    """
    kind = media_type(content_type)
    if kind == "multipart/form-data":
        return _multipart(body, content_type)
    if kind == "application/json":
        return _json(body)
    if not body:
        raise MalformedRequestError(f"the body is empty; send a file, for example with curl -F {FILE_FIELD}=@page.png")
    return Upload([memoryview(body)])


def _multipart(body: bytes, content_type: str) -> Upload:
    """Parts as views of the body: Starlette's own parser writes every file over 1 MB to disk in a thread."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise MalformedRequestError("the multipart body has no boundary; let the client set the content type")
    parts = _Parts()
    parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]  # a TypedDict of these names
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise MalformedRequestError(f"the multipart body cannot be read: {error}") from None
    if parts.open:
        raise MalformedRequestError("the multipart body ends before its last boundary; send it again whole")
    upload = Upload()
    view = memoryview(body)
    for name, filename, start, end in parts.found:
        if name == FILE_FIELD:
            upload.documents.append(view[start:end])
        elif filename is not None:
            raise MalformedRequestError(f"unknown file field '{name}'; send files as {FILE_FIELD}")
        else:
            upload.options[name] = bytes(view[start:end]).decode("utf-8", "replace").strip()
    if not upload.documents:
        raise MalformedRequestError(f"the form has no file; send one or more as {FILE_FIELD}")
    return upload


class _Parts:
    """Collects name, file name and extent of each part while the parser walks the body."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str | None, int, int]] = []
        self.open = False
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
        self.found.append((name, None if filename is None else filename.decode("utf-8", "replace"), start, end))


def _json(body: bytes) -> Upload:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequestError(f"the body is not valid JSON: {error}") from None
    if not isinstance(value, dict) or "image" not in value:
        raise MalformedRequestError('send {"image": "<base64 of the file>"}, or a list of such strings')
    images = value.pop("image")
    images = images if isinstance(images, list) else [images]
    if not images or not all(isinstance(image, str) for image in images):
        raise MalformedRequestError("'image' must be a base64 string or a list of them")
    try:
        return Upload([v2_request.from_base64(image) for image in images], value)
    except ValueError as error:
        raise MalformedRequestError(str(error)) from None
