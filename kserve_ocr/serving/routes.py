"""The inference routes of both servers: V2 infer, V1 predict, model metadata, and the disabled repository.

KServe's own routes buffer bodies without a limit, parse tensors as JSON and return errors in other formats.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from kserve_ocr.observability import metrics
from kserve_ocr.protocol import names, v2_request, v2_response
from kserve_ocr.protocol.errors import RouteNotFoundError
from kserve_ocr.protocol.v1 import v1_request, v1_response
from kserve_ocr.protocol.v2_request import json_length
from kserve_ocr.serving import triton
from kserve_ocr.serving.exception_mapping import error_response, map_exceptions
from kserve_ocr.serving.http import Handler, RequestRoute, cancel_on_disconnect, json_response, operation
from kserve_ocr.serving.models.dataplane import OcrDataPlane
from kserve_ocr.serving.parsing import parsed
from kserve_ocr.serving.request_body import RequestBodyLimiter

_OPERATIONS: Final = "kserve_ocr.serving.openapi.operations"
_ANY: Final = ("GET", "POST", "PUT", "DELETE")


class InferenceEndpoints:
    """One method per route: V2 infer, V1 predict, metadata, and the routes that are disabled."""

    def __init__(self, dataplane: OcrDataPlane, bodies: RequestBodyLimiter) -> None:
        self._dataplane = dataplane
        self._bodies = bodies

    def routes(self) -> list[RequestRoute]:
        """The routes of these endpoints."""
        model = "/v2/models/{model_name}"
        predict = "/v1/models/{model_name}:predict"
        return [
            RequestRoute(f"{model}/infer", self.infer, methods=["POST"], describe=operation(_OPERATIONS, "INFER")),
            RequestRoute(predict, self.predict, methods=["POST"], describe=operation(_OPERATIONS, "PREDICT")),
            *self._triton_routes(model),
            RequestRoute(model, self.metadata, methods=["GET"], describe=operation(_OPERATIONS, "METADATA")),
            _hidden("/v1/models/{model_name}:explain", self.explain),
            _hidden("/v2/repository/{rest:path}", self.repository),
            _hidden("/v2/systemsharedmemory/{rest:path}", self.shared_memory),
            _hidden("/v2/cudasharedmemory/{rest:path}", self.shared_memory),
        ]

    def _triton_routes(self, model: str) -> list[RequestRoute]:
        """The same with a version in the address, and what Triton's clients ask for besides inference."""
        version = f"{model}/versions/{{model_version}}"
        routes: list[tuple[str, str, Handler, str]] = [
            ("GET", "/v2/models/stats", self.stats, "ALL_STATISTICS"),
            ("POST", f"{version}/infer", self.infer, "INFER_VERSION"),
            ("GET", f"{version}/ready", self.ready, "READY_VERSION"),
            ("GET", version, self.metadata, "METADATA_VERSION"),
            ("GET", f"{model}/config", self.config, "CONFIG"),
            ("GET", f"{version}/config", self.config, "CONFIG_VERSION"),
            ("GET", f"{model}/stats", self.stats, "STATISTICS"),
            ("GET", f"{version}/stats", self.stats, "STATISTICS_VERSION"),
        ]
        return [
            RequestRoute(path, handler, methods=[method], describe=operation(_OPERATIONS, name))
            for method, path, handler, name in routes
        ]

    async def infer(self, request: Request) -> Response:
        """``POST /v2/models/{model_name}/infer``, JSON or with the binary tensor extension."""
        encoding = "binary" if names.JSON_LENGTH in request.headers else "json"
        with metrics.request("infer", encoding), map_exceptions():
            name = _served_name(request)
            model = self._dataplane.ocr_model(name)
            async with self._bodies.read(request) as body:
                length = json_length(request.headers)
                inference = await parsed(
                    lambda: v2_request.decode_request(body.take(), json_length=length, model_name=name),
                    size=body.size if length is None else length,
                )
                result, _ = await cancel_on_disconnect(request, model(inference, headers=request.headers))
            content, headers = v2_response.encode_response(result, request=inference)
            return Response(content, headers=dict(headers))

    async def predict(self, request: Request) -> Response:
        """``POST /v1/models/{model_name}:predict``."""
        with metrics.request("predict", "json"), map_exceptions():
            model = self._dataplane.ocr_model(request.path_params["model_name"])
            async with self._bodies.read(request) as body:
                inference = await parsed(lambda: v1_request(body.take(), model_name=model.name), size=body.size)
                result, _ = await cancel_on_disconnect(request, model(inference, headers=request.headers))
            return Response(v1_response(result), headers={"content-type": "application/json"})

    async def metadata(self, request: Request) -> Response:
        """``GET /v2/models/{model_name}``."""
        name = _served_name(request)
        model = self._dataplane.get_model_from_registry(name)
        metadata = {
            **await self._dataplane.model_metadata(name),
            "versions": [names.MODEL_VERSION],
            "platform": "tesseract",
            "parameters": await model.describe(),
        }
        return json_response(metadata)

    async def ready(self, request: Request) -> Response:
        """``GET /v2/models/{model_name}/versions/{model_version}/ready``."""
        name = _served_name(request)
        self._dataplane.ocr_model(name)
        return json_response({"name": name, "ready": True})

    async def config(self, request: Request) -> Response:
        """``GET /v2/models/{model_name}/config``."""
        return json_response(triton.config(await self._dataplane.model_metadata(_served_name(request))))

    async def stats(self, request: Request) -> Response:
        """``GET /v2/models/{model_name}/stats``, and without a name ``GET /v2/models/stats``."""
        name = _served_name(request) if "model_name" in request.path_params else self._dataplane.only_model.name
        self._dataplane.get_model_from_registry(name)
        return json_response(triton.statistics(name))

    async def shared_memory(self, request: Request) -> Response:
        """Triton's shared memory, which needs a client on the same machine."""
        return error_response(RouteNotFoundError("shared memory is not supported; send tensors in the request"))

    async def repository(self, request: Request) -> Response:
        """KServe's repository routes, disabled: any caller could unload the model."""
        return error_response(RouteNotFoundError("models cannot be loaded or unloaded over the network"))

    async def explain(self, request: Request) -> Response:
        """The model has no explainer."""
        return error_response(RouteNotFoundError("the model has no explainer; use :predict"))


def _hidden(path: str, handler: Handler) -> RequestRoute:
    """A route that the document leaves out, for any method: it says that it is not served."""
    return RequestRoute(path, handler, methods=_ANY)


def _served_name(request: Request) -> str:
    """The model's name in the address. Raises RouteNotFoundError for a version that is not served."""
    version = request.path_params.get("model_version", names.MODEL_VERSION)
    if version != names.MODEL_VERSION:
        raise RouteNotFoundError(
            f"version '{version[:40]}' is not served; use {names.MODEL_VERSION}, or no /versions/… in the address"
        )
    return str(request.path_params["model_name"])
