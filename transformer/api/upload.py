"""Parses gateway requests: multipart, JSON, a URL-encoded form, or the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from msgspec import Struct, field

from kserve_ocr.protocol import names, types
from kserve_ocr.protocol.encoding import bounded_json
from kserve_ocr.protocol.encoding.base64_text import from_base64
from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError
from transformer.api.multipart import Part, parts_of
from transformer.decoding.sniff import is_document

FILE_FIELD: Final = "image_file"
FILE_FIELDS: Final = (FILE_FIELD, "file", "image", "document", "upload", "files", "images", "documents", "uploads")
"""Fields that are documents whether they have a file name or not."""
_JSON_FIELDS: Final = (*FILE_FIELDS, "image_base64", "image_b64", "base64", "b64", "data")
_BASE64: Final = re.compile(
    rb"\s*(?:data:[\w.+-]+/[\w.+-]+;base64,|iVBORw0KGgo|/9j/4|JVBERi0|SUkqA|TU0AK|R0lGODl|UklGR)"
)
"""How base64 of a file that is read here begins."""
_JSON_OBJECT: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s{0,100}\{\s{0,100}"')
_PROTOCOLS: Final = {"inputs": "/v2/models/ocr-model/infer", "instances": "/v1/models/ocr-model:predict"}
"""Keys of the requests of other routes."""
OUTPUTS_FIELD: Final = "outputs"
_LISTS: Final = {names.LANG: ",", OUTPUTS_FIELD: ",", names.REGIONS: ";", names.USER_WORDS: ",", names.PATTERNS: " "}
"""Options that may be given repeatedly, and what joins them."""
_MAX_FIELDS: Final = 1000
_EXAMPLE: Final = f"for example with curl -F {FILE_FIELD}=@page.png"
_NO_FILE: Final = f"the form has no file; send one or more as {FILE_FIELD}, {_EXAMPLE}"


class Upload(Struct):
    """The content of one gateway request: documents in order, and options as text or numbers.

    ``filenames`` are those of the documents as the client named them, empty where it did not.
    """

    documents: list[types.Buffer] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    filenames: list[str] = field(default_factory=list)


def media_type(content_type: str) -> str:
    """``text/html`` of ``Text/HTML; charset=utf-8``."""
    return content_type.partition(";")[0].strip().lower()


def options_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Options by name; lists may come repeatedly. Raises InvalidParameterError for any other."""
    found: dict[str, Any] = {}
    for alias, value in pairs:
        name = names.ALIASES.get(alias, alias)
        if name not in found:
            found[name] = value
        elif name in _LISTS:
            found[name] = f"{found[name]}{_LISTS[name]}{value}"
        elif found[name] != value:
            raise InvalidParameterError(f"'{name}' is given twice, as '{found[name]}' and '{value}'; give it once")
    return found


def parse(body: bytes, content_type: str, *, filename: str = "") -> Upload:
    """The documents and options in a body; ``filename`` is that of a body which is the file itself.

    Raises MalformedRequestError or InvalidParameterError.
    """
    kind = media_type(content_type)
    if kind.startswith("multipart/"):
        return _multipart(parts_of(body, content_type))
    if kind in {"application/json", "text/json"} or kind.endswith("+json"):
        return _json(body)
    if not body:
        raise MalformedRequestError(f"the body is empty; send a file, {_EXAMPLE}")
    if _BASE64.match(body) and body.isascii():
        return _from_base64([body.decode()], {})
    if _JSON_OBJECT.match(body):  # a browser's fetch names a string text/plain, curl --data a form
        return _json(body)
    if kind == "application/x-www-form-urlencoded" and not is_document(body):
        return _form(body)  # curl --data sends every body with this type: it is a form only if it is not a file
    return Upload([memoryview(body)], filenames=[filename])


def _multipart(parts: Sequence[Part]) -> Upload:
    files = [part for part in parts if part.filename is not None or _plain(part.name) in FILE_FIELDS]
    files = [part for part in files if part.filename != "" or part.content]  # what a browser sends for no file
    if not files:
        raise MalformedRequestError(_NO_FILE)
    fields = {_plain(part.name) for part in files}
    unknown = sorted(fields.difference(FILE_FIELDS))
    if unknown and len(fields) > 1:
        raise MalformedRequestError(f"unknown file field '{unknown[0]}'; send all files as {FILE_FIELD}")
    texts = [(part.name, part.text) for part in parts if part.filename is None and _plain(part.name) not in FILE_FIELDS]
    return Upload([_content(part) for part in files], options_of(texts), [part.filename or "" for part in files])


def _content(part: Part) -> types.Buffer:
    """The document in a part; one that is no file may be base64, as a browser's ``canvas.toDataURL`` gives it."""
    if part.filename is not None or not _BASE64.match(part.content):
        return part.content
    return _decoded(bytes(part.content).decode("latin-1"))


def _plain(name: str) -> str:
    """The name of a field without the brackets that some frameworks add for lists."""
    return name.removesuffix("[]")


def _form(body: bytes) -> Upload:
    """A form without files (``application/x-www-form-urlencoded``); a document may stand in it as base64."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise MalformedRequestError(
            f"the body is neither a form nor a document that is read here, or a form of more than {_MAX_FIELDS} "
            "fields; name its type, for example with curl -H 'Content-Type: image/png'"
        ) from None
    images = [value.replace(" ", "+") for name, value in pairs if _plain(name) in FILE_FIELDS]
    if not images:
        raise MalformedRequestError(_NO_FILE)
    return _from_base64(images, options_of(pair for pair in pairs if _plain(pair[0]) not in FILE_FIELDS))


def _json(body: bytes) -> Upload:
    value = bounded_json.parse(body)
    keys = [key for key in _JSON_FIELDS if isinstance(value, dict) and key in value]
    for key, route in _PROTOCOLS.items():
        if not keys and isinstance(value, dict) and key in value:
            raise MalformedRequestError(f"a request with '{key}' is one for {route}; send it there")
    if len(keys) != 1:
        raise MalformedRequestError('send {"image": "<base64 of the file>"}, or a list of such strings')
    images = value.pop(keys[0])
    images = [_string(image) for image in (images if isinstance(images, list) else [images])]
    if not images:
        raise MalformedRequestError(f"'{keys[0]}' must be a base64 string or a list of them")
    return _from_base64(images, value)


def _string(image: Any) -> str:
    image = image.get("b64") if isinstance(image, dict) else image
    if not isinstance(image, str):
        raise MalformedRequestError("a document in JSON must be a base64 string")
    return image


def _from_base64(images: Sequence[str], options: dict[str, Any]) -> Upload:
    return Upload([_decoded(image) for image in images], options, [""] * len(images))


def _decoded(image: str) -> types.Buffer:
    try:
        return from_base64(image)
    except ValueError as error:
        raise MalformedRequestError(str(error)) from None
