"""``/gateway/ocr``: the legacy system's route, for curl and browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi.routing import APIRoute
from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.infer_type import RequestedOutput
from starlette.requests import Request
from starlette.responses import Response

from kserve_ocr.observability import metrics
from kserve_ocr.protocol import names, v2_response
from kserve_ocr.protocol.errors import InvalidParameterError, NotAcceptableError, StartingError
from kserve_ocr.protocol.v2_request import MAX_TENSORS
from kserve_ocr.serving.exception_mapping import map_exceptions
from kserve_ocr.serving.http import RequestRoute, cancel_on_disconnect
from kserve_ocr.serving.request_body import RequestBodyLimiter
from transformer.api.openapi import GATEWAY, LANGUAGES
from transformer.api.upload import OUTPUTS_FIELD, Upload, media_type, options_of, parse
from transformer.model import TransformerModel
from transformer.parameters import DOCUMENT_PARAMETERS

PATH: Final = "/gateway/ocr"
LANGUAGES_PATH: Final = "/gateway/languages"
_ACCEPTED: Final = {"text/plain": names.TEXT, "application/pdf": names.PDF, "text/html": names.HOCR}
_OPTIONS: Final = frozenset({parameter.name for parameter in DOCUMENT_PARAMETERS} | {OUTPUTS_FIELD})


class Gateway:
    """The gateway's endpoints on ``model``."""

    def __init__(self, model: TransformerModel, bodies: RequestBodyLimiter) -> None:
        self._model = model
        self._bodies = bodies

    def routes(self) -> list[APIRoute]:
        """Documents by POST and PUT, and the languages of their text."""
        return [
            RequestRoute(PATH, self.recognize, methods=["POST"], **GATEWAY),
            RequestRoute(PATH, self.recognize, methods=["PUT"], **{**GATEWAY, "operation_id": "ocr_put"}),
            # What curl --upload-file does with an address that ends in a slash.
            RequestRoute(f"{PATH}/{{filename}}", self.recognize, methods=["PUT"], include_in_schema=False),
            RequestRoute(LANGUAGES_PATH, self.languages, methods=["GET"], **LANGUAGES),
        ]

    async def recognize(self, request: Request) -> Response:
        """``POST /gateway/ocr``: one or more documents in any form that :func:`transformer.api.upload.parse` takes."""
        content_type = request.headers.get("content-type", "")
        with metrics.request("gateway", _protocol(media_type(content_type))), map_exceptions():
            if not self._model.ready:
                raise StartingError("the service is starting; try again in a moment", retry_after=1)
            wanted = negotiate(request.headers.get("accept", ""))
            async with self._bodies.read(request) as body:
                upload = parse(body, content_type, filename=request.path_params.get("filename", ""))
                upload.options |= options_of(request.query_params.multi_items())
                inference = to_inference(upload, model_name=self._model.name, wanted=wanted)
                result, _ = await cancel_on_disconnect(request, self._model(inference, headers=request.headers))
            return render(result, inference, wanted)

    async def languages(self, request: Request) -> Response:
        """``GET /gateway/languages``."""
        found = {"default": self._model.default_lang, "languages": await self._model.languages()}
        return Response(orjson.dumps(found), headers={"content-type": "application/json"})


def _protocol(kind: str) -> str:
    return {"multipart/form-data": "multipart", "application/json": "json"}.get(kind, "raw")


def negotiate(accept: str) -> str | None:
    """The output that answers an ``Accept`` header by itself, None for the V2 JSON body. Raises NotAcceptableError."""
    ranges = [_weighted(part) for part in accept.split(",") if part.strip()]
    for weight, kind in sorted(ranges, key=lambda found: -found[0]):
        if weight <= 0:
            break  # a weight of 0 excludes the type
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
    return InferRequest(
        model_name=model_name,
        infer_inputs=_tensors(upload),
        parameters={name: value for name, value in options.items() if name != OUTPUTS_FIELD and value != ""},
        request_outputs=[RequestedOutput(name) for name in outputs] or None,
    )


def _tensors(upload: Upload) -> list[InferInput]:
    """One tensor of all documents, or one for each where they have names."""
    if not any(upload.filenames):
        return [InferInput(names.INPUT, [len(upload.documents)], "BYTES", data=upload.documents, parameters={})]
    named = zip(upload.documents, upload.filenames, strict=True)
    return [
        InferInput(names.INPUT, [1], "BYTES", data=[document], parameters={names.FILENAME: name} if name else {})
        for document, name in named
    ]


def _output_names(value: Any) -> list[str]:
    found = value if isinstance(value, list) else str(value or "").split(",", maxsplit=MAX_TENSORS)
    if len(found) > MAX_TENSORS:
        raise InvalidParameterError(f"outputs names more than {MAX_TENSORS}; name each output once")
    return list(dict.fromkeys(str(name).strip() for name in found if str(name).strip()))


def render(answer: InferResponse, inference: InferRequest, wanted: str | None) -> Response:
    """The V2 JSON body, or the one output that ``Accept`` names, in its media type."""
    if wanted is None:
        body, headers = v2_response.encode_response(answer, request=inference)
        return Response(body, headers=dict(headers))
    (output,) = answer.outputs
    kind = next(media for media, name in _ACCEPTED.items() if name == wanted)
    content = "\f".join(output.data) if wanted == names.TEXT else output.data[0]
    warnings = str((answer.parameters or {}).get(names.WARNINGS, ""))
    about = {names.WARNINGS_HEADER: warnings.encode("ascii", "replace").decode()} if warnings else None
    return Response(content, headers=about, media_type=kind)
