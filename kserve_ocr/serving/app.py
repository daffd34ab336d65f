"""The HTTP application of either server: our routes, KServe's health and model listings, one shape of errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady
from kserve.protocol.rest.server import metrics_handler
from kserve.protocol.rest.v1_endpoints import V1Endpoints
from kserve.protocol.rest.v2_endpoints import V2Endpoints
from starlette.exceptions import HTTPException

from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.serving.dataplane import OcrDataPlane
from kserve_ocr.serving.exception_mapping import exception_handler
from kserve_ocr.serving.http import RequestRoute
from kserve_ocr.serving.middleware import HotRoutes, RequestContextMiddleware
from kserve_ocr.serving.request_body import RequestBodyLimiter
from kserve_ocr.serving.routes import inference_routes
from kserve_ocr.version import VERSION

_ERRORS = (
    *(HTTPException, RequestValidationError, OcrError),
    *(InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady, NotImplementedError),
    Exception,
)


def application(
    dataplane: OcrDataPlane, bodies: RequestBodyLimiter, *, routes: Sequence[APIRoute] = (), docs: bool = False
) -> RequestContextMiddleware:
    """The ASGI application serving the model in ``dataplane``, with ``routes`` of the service beside it."""
    app = FastAPI(
        title="kserve-ocr",
        version=VERSION,
        docs_url="/docs" if docs else None,
        redoc_url=None,
    )
    own = [*routes, *inference_routes(dataplane, bodies)]
    app.router.routes.extend([*own, *_kserve_routes(dataplane)])
    for kind in _ERRORS:
        app.add_exception_handler(kind, exception_handler)
    return RequestContextMiddleware(app, _hot(own, dataplane.model_registry.get_models()))


def _hot(routes: Sequence[APIRoute], models: Iterable[str]) -> HotRoutes:
    """The routes that read, for each served model."""
    return {
        route.path.format(model_name=name): (route.endpoint, {"model_name": name})
        for name in models
        for route in routes
        if isinstance(route, RequestRoute) and route.methods == {"POST"}
    }


def _kserve_routes(dataplane: OcrDataPlane) -> list[APIRoute]:
    """KServe's routes that only tell. Its repository routes are left out: whoever reaches the port could unload."""
    v1, v2 = V1Endpoints(dataplane), V2Endpoints(dataplane)
    told = {
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
    return [APIRoute(path, tell, methods=["GET"], response_model=None, tags=["state"]) for path, tell in told.items()]
