"""KServe's read-only routes: health, models and metrics.

The repository routes are omitted: any caller could unload the model.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from kserve.errors import ModelNotReady, ServerNotReady
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from kserve_ocr.serving.http import Handler, RequestRoute, json_response
from kserve_ocr.serving.models.dataplane import OcrDataPlane


class StateEndpoints:
    """One method per route; ``dataplane`` knows the model and its state."""

    def __init__(self, dataplane: OcrDataPlane) -> None:
        self._dataplane = dataplane

    def routes(self) -> list[RequestRoute]:
        """The routes of these endpoints."""
        endpoints: dict[str, Handler] = {
            "/": self.alive,
            "/metrics": self.metrics,
            "/v1/models": self.models,
            "/v1/models/{model_name}": self.model_ready,
            "/v2": self.server_metadata,
            "/v2/health/live": self.live,
            "/v2/health/ready": self.ready,
            "/v2/models": self.models,
            "/v2/models/{model_name}/ready": self.model_ready,
        }
        return [
            RequestRoute(path, endpoint, methods=["GET"], describe=partial(_describe, path))
            for path, endpoint in endpoints.items()
        ]

    async def alive(self, _: Request) -> Response:
        """``GET /``."""
        return json_response(await self._dataplane.live())

    async def live(self, _: Request) -> Response:
        """``GET /v2/health/live``: whatever can answer is alive."""
        return json_response({"live": True})

    async def ready(self, _: Request) -> Response:
        """``GET /v2/health/ready``; 503 until the model is ready."""
        if not await self._dataplane.ready():
            raise ServerNotReady
        return json_response({"ready": True})

    async def models(self, _: Request) -> Response:
        """``GET /v1/models`` and ``GET /v2/models``."""
        return json_response({"models": list(self._dataplane.model_registry.get_models())})

    async def model_ready(self, request: Request) -> Response:
        """``GET /v1/models/{model_name}`` and ``GET /v2/models/{model_name}/ready``; 503 until the model is ready."""
        name = request.path_params["model_name"]
        if not await self._dataplane.model_ready(name):
            raise ModelNotReady(name)
        return json_response({"name": name, "ready": True})

    async def server_metadata(self, _: Request) -> Response:
        """``GET /v2``."""
        return json_response(self._dataplane.metadata())

    async def metrics(self, request: Request) -> Response:
        """``GET /metrics``, in the format that ``Accept`` names."""
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(REGISTRY), headers={"content-type": media_type})


def _describe(path: str) -> dict[str, Any]:
    from kserve_ocr.serving.openapi import operations  # noqa: PLC0415  # only for the document

    return operations.state(path)
