"""The HTTP application of either server: our routes, KServe's health and model listings, one format of errors."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from kserve_ocr.serving.access.control import AccessControl, AccessMiddleware
from kserve_ocr.serving.connection.client_address import TrustedProxies
from kserve_ocr.serving.connection.compression import CompressionMiddleware
from kserve_ocr.serving.connection.cross_site import CrossSiteMiddleware
from kserve_ocr.serving.http import Methods, RequestRoute
from kserve_ocr.serving.middleware import RequestContextMiddleware
from kserve_ocr.serving.models.dataplane import OcrDataPlane
from kserve_ocr.serving.openapi.document import document_routes
from kserve_ocr.serving.request_body import RequestBodyLimiter
from kserve_ocr.serving.routes import InferenceEndpoints
from kserve_ocr.serving.state import StateEndpoints


class Application:
    """The routes as an ASGI application whose errors are exceptions: the middleware makes the responses.

    Neither FastAPI nor Starlette's own application: their layers cost 0.2 ms of CPU a request, and FastAPI 0.2 s of a
    start. The routes need nothing of them, since every endpoint checks its own input.
    """

    def __init__(self, routes: Sequence[RequestRoute]) -> None:
        self._routes = Methods(Router(routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # with it the router raises exceptions and sends no response of its own
        await self._routes(scope, receive, send)


def application(  # noqa: PLR0913 - all keyword-only but the two that serve
    dataplane: OcrDataPlane,
    bodies: RequestBodyLimiter,
    *,
    routes: Sequence[RequestRoute] = (),
    docs: bool = False,
    compress: bool = True,
    cors_origins: Sequence[str] = (),
    trusted_proxies: str = "",
    access: AccessControl | None = None,
) -> RequestContextMiddleware:
    """The ASGI application serving the model in ``dataplane``, with ``routes`` of the service added to it.

    ``compress`` says whether responses are compressed for clients that accept it. ``cors_origins`` are the origins
    whose pages may call it, ``*`` for any; ``trusted_proxies`` are networks of proxies that say who the client is.
    ``access`` are the keys that may call; anyone may without.
    """
    # In the order of how often they are called.
    described = [*routes, *InferenceEndpoints(dataplane, bodies).routes(), *StateEndpoints(dataplane).routes()]
    app = Application([*described, *document_routes(described, page=docs)])
    served: ASGIApp = CompressionMiddleware(app) if compress else app
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
