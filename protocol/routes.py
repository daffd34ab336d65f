"""The inference routes of both servers: V2 infer, V1 predict, model metadata, and the closed repository.

KServe's own buffer bodies without bound, parse tensors as JSON and answer errors in other shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi.routing import APIRoute
from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.infer_type import RequestedOutput
from starlette.requests import Request
from starlette.responses import Response

from protocol import metrics, names, tensors
from protocol.bodies import Bodies
from protocol.errors import MalformedRequestError, RouteNotFoundError
from protocol.http import Handler, PlainRoute, error_response, in_our_terms, while_connected
from protocol.model import OcrDataPlane, json_length


def inference_routes(dataplane: OcrDataPlane, bodies: Bodies) -> list[APIRoute]:
    """The routes that read, describe, or are closed, for the model in ``dataplane``."""

    async def infer(request: Request) -> Response:
        form = "binary" if names.JSON_LENGTH in request.headers else "json"
        with metrics.request("infer", form), in_our_terms():
            model = dataplane.ocr_model(request.path_params["model_name"])
            async with bodies.read(request) as body:
                length = json_length(request.headers)
                inference = tensors.decode_request(body, json_length=length, model_name=model.name)
                answer, _ = await while_connected(request, model(inference, headers=request.headers))
            return Response(*_body_and_headers(answer, inference))

    async def predict(request: Request) -> Response:
        with metrics.request("predict", "json"), in_our_terms():
            model = dataplane.ocr_model(request.path_params["model_name"])
            async with bodies.read(request) as body:
                inference = v1_request(body, model_name=model.name)
                answer, _ = await while_connected(request, model(inference, headers=request.headers))
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
    return PlainRoute(path, handler, methods=[method], summary=summary, response_model=None, tags=["inference"])


def _hidden(path: str, handler: Handler) -> APIRoute:
    return PlainRoute(
        path, handler, methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False, response_model=None
    )


def _body_and_headers(response: InferResponse, request: InferRequest) -> tuple[bytes, int, Mapping[str, str]]:
    body, headers = tensors.encode_response(response, request=request)
    return body, 200, headers


def v1_request(body: bytes, *, model_name: str) -> InferRequest:
    """The V2 form of a V1 body: ``{"instances": [{"b64": …}]}``, ``{"image": {"b64": …}}`` or plain base64 strings.

    ``parameters`` and ``outputs`` may stand beside ``instances`` as in V2. Raises MalformedRequestError.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequestError(f"the body is not valid JSON: {error}") from None
    instances = value.get("instances") if isinstance(value, dict) else None
    if not isinstance(instances, list) or not instances:
        raise MalformedRequestError('send {"instances": [{"b64": "<base64 of the file>"}]}')
    parameters, outputs = value.get("parameters") or {}, value.get("outputs") or []
    if not isinstance(parameters, dict) or not isinstance(outputs, list):
        raise MalformedRequestError("'parameters' must be an object and 'outputs' a list")
    data = [_instance(instance) for instance in instances]
    return InferRequest(
        model_name=model_name,
        infer_inputs=[InferInput(names.INPUT, [len(data)], "BYTES", data=data, parameters={})],
        parameters=parameters,
        request_outputs=[_v1_output(output) for output in outputs] or None,
    )


def _instance(instance: Any) -> str:
    for key in ("image", "b64"):
        if isinstance(instance, dict) and key in instance:
            instance = instance[key]
    if not isinstance(instance, str):
        raise MalformedRequestError('every instance must be {"b64": "<base64 of the file>"}')
    return instance


def _v1_output(output: Any) -> RequestedOutput:
    name = output.get("name") if isinstance(output, dict) else output
    if not isinstance(name, str):
        raise MalformedRequestError("every requested output needs a 'name'")
    return RequestedOutput(name)


def v1_response(response: InferResponse) -> bytes:
    """``{"predictions": […]}``: one value for each document, an object by output if several outputs were asked for."""
    encoded = {output.name: [tensors.json_value(value) for value in output.data] for output in response.outputs}
    if len(encoded) == 1:
        (predictions,) = encoded.values()
    else:
        predictions = [dict(zip(encoded, row, strict=True)) for row in zip(*encoded.values(), strict=True)]
    return orjson.dumps({"predictions": predictions})
