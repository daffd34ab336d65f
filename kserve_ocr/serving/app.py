"""The HTTP application of either server: our routes, KServe's health and model listings, one format of errors."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from kserve.protocol.rest.server import metrics_handler
from kserve.protocol.rest.v1_endpoints import V1Endpoints
from kserve.protocol.rest.v2_endpoints import V2Endpoints
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from kserve_ocr.serving import openapi
from kserve_ocr.serving.access.control import AccessControl, AccessMiddleware
from kserve_ocr.serving.connection.client_address import TrustedProxies
from kserve_ocr.serving.connection.compression import CompressionMiddleware
from kserve_ocr.serving.connection.cross_site import CrossSiteMiddleware
from kserve_ocr.serving.http import Methods
from kserve_ocr.serving.middleware import RequestContextMiddleware
from kserve_ocr.serving.models.dataplane import OcrDataPlane
from kserve_ocr.serving.request_body import RequestBodyLimiter
from kserve_ocr.serving.routes import InferenceEndpoints
from kserve_ocr.version import VERSION


class Application(FastAPI):
    """FastAPI without its error middleware: :class:`RequestContextMiddleware` turns every exception into a response.

    FastAPI's layers cost 0.2 ms of CPU a request, a fiftieth of what a line of text costs in all.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """The router, with the exit stack that KServe's routes need."""
        return AsyncExitStackMiddleware(Methods(self.router))


def application(  # noqa: PLR0913 - all keyword-only but the two that serve
    dataplane: OcrDataPlane,
    bodies: RequestBodyLimiter,
    *,
    routes: Sequence[APIRoute] = (),
    docs: bool = False,
    cors_origins: Sequence[str] = (),
    trusted_proxies: str = "",
    access: AccessControl | None = None,
) -> RequestContextMiddleware:
    """The ASGI application serving the model in ``dataplane``, with ``routes`` of the service added to it.

    ``cors_origins`` are the origins whose pages may call it, ``*`` for any; ``trusted_proxies`` are networks of proxies
    that say who the client is. ``access`` are the keys that may call; anyone may without.
    """
    app = Application(title="kserve-ocr", version=VERSION, docs_url="/docs" if docs else None, redoc_url=None)
    inference = InferenceEndpoints(dataplane, bodies).routes()
    app.router.routes[:0] = [*routes, *inference]  # before the document's own: they are called most
    app.router.routes.extend(_kserve_routes(dataplane))
    served: ASGIApp = CompressionMiddleware(app)
    if access is not None:
        served = AccessMiddleware(served, access)
    if cors_origins:
        served = CORSMiddleware(
            served,
            allow_origins=cors_origins,
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=["*"],
            expose_headers=["*"],
        )
    served = CrossSiteMiddleware(served, origins=cors_origins)
    return RequestContextMiddleware(served, TrustedProxies(trusted_proxies))


def _kserve_routes(dataplane: OcrDataPlane) -> list[APIRoute]:
    """KServe's read-only routes. The repository routes are omitted: any caller could unload the model."""
    v1, v2 = V1Endpoints(dataplane), V2Endpoints(dataplane)
    endpoints = {
        "/": dataplane.live,
        "/metrics": metrics_handler,
        "/v1/models": v1.models,
        "/v1/models/{model_name}": v1.model_ready,
        "/v2": v2.metadata,
        "/v2/health/live": v2.live,
        "/v2/health/ready": v2.ready,
        "/v2/models": v2.models,
        "/v2/models/{model_name}/ready": v2.model_ready,
    }
    return [
        APIRoute(path, endpoint, methods=["GET"], response_model=None, tags=["state"], **openapi.state(path))
        for path, endpoint in endpoints.items()
    ]
