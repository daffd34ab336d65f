"""``/gateway/ocr``: the legacy system's route, for curl and browsers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.infer_type import RequestedOutput
from starlette.requests import Request
from starlette.responses import Response

from kserve_ocr.observability import metrics
from kserve_ocr.protocol import names, v2_response
from kserve_ocr.protocol.errors import InvalidParameterError, NotAcceptableError, StartingError
from kserve_ocr.serving.exception_mapping import map_exceptions
from kserve_ocr.serving.http import RequestRoute, cancel_on_disconnect, json_response, operation
from kserve_ocr.serving.parsing import parsed
from kserve_ocr.serving.request_body import ReceivedBody, RequestBodyLimiter
from transformer.api.archive import archive, check_outputs
from transformer.api.negotiation import NDJSON, ZIP, Form, form_of, negotiate
from transformer.api.page_stream import Lines, StreamResponse, page_lines
from transformer.api.upload import OUTPUTS_FIELD, Upload, media_type, options_of, parse
from transformer.model import TransformerModel
from transformer.parameters import DOCUMENT_PARAMETERS

PATH: Final = "/gateway/ocr"
LANGUAGES_PATH: Final = "/gateway/languages"
_OPERATIONS: Final = "transformer.api.openapi"
_OPTIONS: Final = frozenset({parameter.name for parameter in DOCUMENT_PARAMETERS} | {OUTPUTS_FIELD})


class Gateway:
    """The gateway's endpoints on ``model``."""

    def __init__(self, model: TransformerModel, bodies: RequestBodyLimiter) -> None:
        self._model = model
        self._bodies = bodies

    def routes(self) -> list[RequestRoute]:
        """Documents by POST and PUT, and the languages of their text."""
        return [
            RequestRoute(PATH, self.recognize, methods=["POST"], describe=operation(_OPERATIONS, "GATEWAY")),
            RequestRoute(PATH, self.recognize, methods=["PUT"], describe=operation(_OPERATIONS, "GATEWAY_PUT")),
            # What curl --upload-file does with an address that ends in a slash.
            RequestRoute(f"{PATH}/{{filename}}", self.recognize, methods=["PUT"]),
            RequestRoute(LANGUAGES_PATH, self.languages, methods=["GET"], describe=operation(_OPERATIONS, "LANGUAGES")),
        ]

    async def recognize(self, request: Request) -> Response:
        """``POST /gateway/ocr``: one or more documents in any form that :func:`transformer.api.upload.parse` takes."""
        accept = request.headers.get("accept", "")
        if "json" in accept.lower() and negotiate(accept) == NDJSON:
            return StreamResponse(self._lines(request))
        with metrics.request("gateway", _protocol(request)), map_exceptions():
            negotiate(accept)  # before the body is read
            self._check_ready()
            async with self._bodies.read(request) as body:
                filenames, inference, form = await self._parsed(request, body)
                result, _ = await cancel_on_disconnect(request, self._model(inference, headers=request.headers))
            if form.media_type == ZIP:
                content = await asyncio.to_thread(archive, result, filenames)
                return Response(content, media_type=ZIP)
            return render(result, inference, form)

    def _check_ready(self) -> None:
        if not self._model.ready:
            raise StartingError("the service is starting; try again in a moment", retry_after=1)

    async def _parsed(self, request: Request, body: ReceivedBody) -> tuple[list[str], InferRequest, Form]:
        """The names of the documents, their V2 request, and the form of the response."""
        filename = request.path_params.get("filename", "")
        kind = request.headers.get("content-type", "")
        upload = await parsed(lambda: parse(body.take(), kind, filename=filename), size=body.size)
        upload.options |= options_of(request.query_params.multi_items())
        form = form_of(request.headers.get("accept", ""), upload.options.get(OUTPUTS_FIELD))
        return upload.filenames, to_inference(upload, model_name=self._model.name, form=form), form

    async def _lines(self, request: Request) -> Lines:
        """The pages of a request as lines of JSON."""
        with metrics.request("gateway", _protocol(request)) as outcome, map_exceptions():
            self._check_ready()
            async with self._bodies.read(request) as body:
                _, inference, form = await self._parsed(request, body)
                recognize = partial(self._model.recognize_pages, await self._model.preprocess(inference))
                lines = page_lines(recognize, outputs=form.outputs, outcome=outcome)
                async with aclosing(lines):
                    while line := await cancel_on_disconnect(request, _next(lines)):
                        yield line

    async def languages(self, request: Request) -> Response:
        """``GET /gateway/languages``."""
        return json_response({"default": self._model.default_lang, "languages": await self._model.languages()})


async def _next(lines: Lines) -> bytes:
    """The next line; empty after the last."""
    return await anext(lines, b"")


def _protocol(request: Request) -> str:
    kind = media_type(request.headers.get("content-type", ""))
    return {"multipart/form-data": "multipart", "application/json": "json"}.get(kind, "raw")


def to_inference(upload: Upload, *, model_name: str, form: Form) -> InferRequest:
    """The V2 request of an upload. Raises InvalidParameterError or NotAcceptableError."""
    options: Mapping[str, Any] = upload.options
    unknown = [name for name in options if names.ALIASES.get(name, name) not in _OPTIONS]
    if unknown:
        raise InvalidParameterError(f"unknown option '{unknown[0]}'; use one of {', '.join(sorted(_OPTIONS))}")
    if form.single and form.outputs != (names.TEXT,) and len(upload.documents) > 1:
        raise NotAcceptableError(
            f"a response in {form.media_type} holds one document; send them one by one, or accept JSON or a ZIP archive"
        )
    if form.media_type == ZIP:
        check_outputs(form.outputs)
    return InferRequest(
        model_name=model_name,
        infer_inputs=_tensors(upload),
        parameters={name: value for name, value in options.items() if name != OUTPUTS_FIELD and value != ""},
        request_outputs=[RequestedOutput(name) for name in form.outputs] or None,
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


def render(result: InferResponse, inference: InferRequest, form: Form) -> Response:
    """The V2 JSON body, or the one output that was accepted in its own media type."""
    if not form.single:
        body, headers = v2_response.encode_response(result, request=inference)
        return Response(body, headers=dict(headers))
    (output,) = result.outputs
    content = "\f".join(output.data) if form.outputs == (names.TEXT,) else output.data[0]
    warnings = str((result.parameters or {}).get(names.WARNINGS, ""))
    about = {names.WARNINGS_HEADER: warnings.encode("ascii", "replace").decode()} if warnings else None
    return Response(content, headers=about, media_type=form.media_type)
