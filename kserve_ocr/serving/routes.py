"""The inference routes of both servers: V2 infer, V1 predict, model metadata, and the closed repository.

KServe's own buffer bodies without bound, parse tensors as JSON and answer errors in other shapes.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from fastapi.routing import APIRoute
from kserve import InferRequest, InferResponse
from starlette.requests import Request
from starlette.responses import Response

from kserve_ocr.observability import metrics
from kserve_ocr.protocol import names, v2_request, v2_response
from kserve_ocr.protocol.errors import RouteNotFoundError
from kserve_ocr.protocol.v1 import v1_request, v1_response
from kserve_ocr.protocol.v2_request import json_length
from kserve_ocr.serving.dataplane import OcrDataPlane
from kserve_ocr.serving.exception_mapping import error_response, map_exceptions
from kserve_ocr.serving.http import Handler, RequestRoute, cancel_on_disconnect
from kserve_ocr.serving.request_body import RequestBodyLimiter


def inference_routes(dataplane: OcrDataPlane, bodies: RequestBodyLimiter) -> list[APIRoute]:
    """The routes that read, describe, or are closed, for the model in ``dataplane``."""

    async def infer(request: Request) -> Response:
        form = "binary" if names.JSON_LENGTH in request.headers else "json"
        with metrics.request("infer", form), map_exceptions():
            model = dataplane.ocr_model(request.path_params["model_name"])
            async with bodies.read(request) as body:
                length = json_length(request.headers)
                inference = v2_request.decode_request(body, json_length=length, model_name=model.name)
                answer, _ = await cancel_on_disconnect(request, model(inference, headers=request.headers))
            return Response(*_body_and_headers(answer, inference))

    async def predict(request: Request) -> Response:
        with metrics.request("predict", "json"), map_exceptions():
            model = dataplane.ocr_model(request.path_params["model_name"])
            async with bodies.read(request) as body:
                inference = v1_request(body, model_name=model.name)
                answer, _ = await cancel_on_disconnect(request, model(inference, headers=request.headers))
            return Response(v1_response(answer), headers={"content-type": "application/json"})

    async def describe(request: Request) -> Response:
        name = request.path_params["model_name"]
        model = dataplane.get_model_from_registry(name)
        metadata = {
            **await dataplane.model_metadata(name),
            "versions": [],
            "platform": "tesseract",
            "parameters": await model.describe(),
        }
        return Response(orjson.dumps(metadata), headers={"content-type": "application/json"})

    async def closed(request: Request) -> Response:
        return error_response(RouteNotFoundError("models cannot be loaded or unloaded over the network"))

    async def unversioned(request: Request) -> Response:
        return error_response(RouteNotFoundError("the model has no versions; leave /versions/… out of the address"))

    async def unexplained(request: Request) -> Response:
        return error_response(RouteNotFoundError("the model has no explainer; use :predict"))

    model = "/v2/models/{model_name}"
    return [
        _route(f"{model}/infer", infer, "POST", "Read documents by the V2 inference protocol"),
        _route("/v1/models/{model_name}:predict", predict, "POST", "Read documents by the V1 protocol"),
        _route(model, describe, "GET", "Inputs, outputs and choices of the model"),
        _hidden(f"{model}/versions/{{rest:path}}", unversioned),
        _hidden("/v1/models/{model_name}:explain", unexplained),
        _hidden("/v2/repository/{rest:path}", closed),
    ]


def _route(path: str, handler: Handler, method: str, summary: str) -> APIRoute:
    return RequestRoute(path, handler, methods=[method], summary=summary, response_model=None, tags=["inference"])


def _hidden(path: str, handler: Handler) -> APIRoute:
    return RequestRoute(
        path, handler, methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False, response_model=None
    )


def _body_and_headers(response: InferResponse, request: InferRequest) -> tuple[bytes, int, Mapping[str, str]]:
    body, headers = v2_response.encode_response(response, request=request)
    return body, 200, headers
