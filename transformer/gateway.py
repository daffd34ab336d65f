"""``POST /gateway/ocr``: the older system's route, for people with curl and for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi.routing import APIRoute
from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.infer_type import RequestedOutput
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from protocol import metrics, names, tensors
from protocol.bodies import Bodies
from protocol.errors import InvalidParameterError, MalformedRequestError, NotAcceptableError, StartingError
from protocol.http import PlainRoute, in_our_terms, while_connected
from transformer.model import TransformerModel
from transformer.openapi import GATEWAY
from transformer.requests import KNOWN_PARAMETERS

PATH: Final = "/gateway/ocr"
FILE_FIELD: Final = "image_file"
OUTPUTS_FIELD: Final = "outputs"
_ACCEPTED: Final = {"text/plain": names.TEXT, "application/pdf": names.PDF, "text/html": names.HOCR}
_OPTIONS: Final = KNOWN_PARAMETERS | {OUTPUTS_FIELD}


@dataclass(slots=True)
class Upload:
    """What one gateway request carries: documents in the order sent, and options as text or numbers."""

    documents: list[tensors.Buffer] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


def route(model: TransformerModel, bodies: Bodies) -> APIRoute:
    """The gateway's route on ``model``."""

    async def gateway(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        kind = media_type(content_type)
        with metrics.request("gateway", _protocol(kind)), in_our_terms():
            if not model.ready:
                raise StartingError("the service is starting; try again in a moment", retry_after=1)
            wanted = negotiate(request.headers.get("accept", ""))
            async with bodies.read(request) as body:
                upload = parse(body, content_type)
                upload.options = {**upload.options, **dict(request.query_params)}
                inference = to_inference(upload, model_name=model.name, wanted=wanted)
                answer, _ = await while_connected(request, model(inference, headers=request.headers))
            return render(answer, inference, wanted)

    return PlainRoute(PATH, gateway, methods=["POST"], response_model=None, **GATEWAY)


def media_type(content_type: str) -> str:
    """``text/html`` of ``Text/HTML; charset=utf-8``."""
    return content_type.partition(";")[0].strip().lower()


def _protocol(kind: str) -> str:
    return {"multipart/form-data": "multipart", "application/json": "json"}.get(kind, "raw")


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
        return Upload([tensors.from_base64(image) for image in images], value)
    except ValueError as error:
        raise MalformedRequestError(str(error)) from None


def negotiate(accept: str) -> str | None:
    """The output that answers an ``Accept`` header by itself, None for the V2 JSON body. Raises NotAcceptableError."""
    ranges = [_weighted(part) for part in accept.split(",") if part.strip()]
    for weight, kind in sorted(ranges, key=lambda found: -found[0]):
        if weight <= 0:
            break  # what weighs nothing is refused
        if kind in {"*/*", "application/*", "application/json"}:
            return None
        if kind == "text/*":
            return names.TEXT
        if kind in _ACCEPTED:
            return _ACCEPTED[kind]
    if ranges:
        raise NotAcceptableError(f"accept application/json, {', '.join(_ACCEPTED)}")
    return None


def _weighted(part: str) -> tuple[float, str]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:]), kind
            except ValueError:
                return 0.0, kind
    return 1.0, kind


def to_inference(upload: Upload, *, model_name: str, wanted: str | None) -> InferRequest:
    """The V2 request of an upload. Raises InvalidParameterError or NotAcceptableError."""
    options: Mapping[str, Any] = upload.options
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        raise InvalidParameterError(f"unknown option '{unknown[0]}'; use one of {', '.join(sorted(_OPTIONS))}")
    if wanted in {names.PDF, names.HOCR} and len(upload.documents) > 1:
        raise NotAcceptableError("one PDF or hOCR answer holds one document; send them one by one, or accept JSON")
    outputs = [wanted] if wanted else _output_names(options.get(OUTPUTS_FIELD))
    tensor = InferInput(names.INPUT, [len(upload.documents)], "BYTES", data=upload.documents, parameters={})
    return InferRequest(
        model_name=model_name,
        infer_inputs=[tensor],
        parameters={name: value for name, value in options.items() if name != OUTPUTS_FIELD and value != ""},
        request_outputs=[RequestedOutput(name) for name in outputs] or None,
    )


def _output_names(value: Any) -> list[str]:
    found = value if isinstance(value, list) else str(value or "").split(",")
    return [str(name).strip() for name in found if str(name).strip()]


def render(answer: InferResponse, inference: InferRequest, wanted: str | None) -> Response:
    """The V2 JSON body, or the one output that was accepted in its own media type."""
    if wanted is None:
        body, headers = tensors.encode_response(answer, request=inference)
        return Response(body, headers=dict(headers))
    (output,) = answer.outputs
    kind = next(media for media, name in _ACCEPTED.items() if name == wanted)
    if wanted == names.TEXT:
        return Response("\f".join(output.data), media_type=kind)
    return Response(output.data[0], media_type=kind)
