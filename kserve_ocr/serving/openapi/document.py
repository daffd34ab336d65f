"""The OpenAPI document, made from the routes when it is first asked for, and the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kserve_ocr.serving.http import RequestRoute
from kserve_ocr.version import VERSION

PATH: Final = "/openapi.json"
PAGE_PATH: Final = "/docs"
_TITLE: Final = "kserve-ocr"
_SCRIPTS: Final = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5"
_COMMON_HEADERS: Final = {
    "X-Request-Id": {
        "required": True,
        "schema": {"type": "string"},
        "description": "That of the request, or a new one; it is in the log.",
    },
    "Server-Timing": {
        "required": True,
        "schema": {"type": "string"},
        "description": "Milliseconds of each stage, and until the response began (`total`).",
    },
}
_PAGE: Final = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_TITLE}</title>
<link rel="stylesheet" href="{_SCRIPTS}/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="{_SCRIPTS}/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({{url: "{PATH.lstrip("/")}", dom_id: "#page", deepLinking: true}});
</script>
</body>
</html>
"""


def document(routes: Sequence[RequestRoute]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes that are described."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.describe is not None:
            for method in sorted(route.methods - {"HEAD"}):
                paths.setdefault(route.path, {})[method.lower()] = _with_common_headers(route.describe())
    schemas: dict[str, Any] = {}
    described = _with_named_schemas(paths, schemas)
    info = {"title": _TITLE, "version": VERSION}
    components = {"schemas": schemas, "headers": _COMMON_HEADERS}
    return {"openapi": "3.1.0", "info": info, "paths": described, "components": components}


def _with_common_headers(operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with the headers that every response has."""
    common = {name: {"$ref": f"#/components/headers/{name}"} for name in _COMMON_HEADERS}
    responses = {
        status: {**response, "headers": {**common, **response.get("headers", {})}}
        for status, response in operation["responses"].items()
    }
    return {**operation, "responses": responses}


def _with_named_schemas(value: Any, schemas: dict[str, Any]) -> Any:
    """The value with a reference for each object that has a title, which is added to ``schemas`` under it.

    Generators of clients name a type by it.
    """
    if isinstance(value, list):
        return [_with_named_schemas(part, schemas) for part in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_named_schemas(part, schemas) for key, part in value.items()}
    if found.get("type") != "object" or "title" not in found:
        return found
    schemas[found["title"]] = found
    return {"$ref": f"#/components/schemas/{found['title']}"}


def document_routes(described: Sequence[RequestRoute], *, page: bool) -> list[RequestRoute]:
    """The routes of the document of ``described``, and of the page that shows it if there is to be one."""
    made: list[bytes] = []

    async def show_document(_: Request) -> Response:
        if not made:
            made.append(orjson.dumps(document(described)))
        return Response(made[0], media_type="application/json")

    async def show_page(_: Request) -> Response:
        return HTMLResponse(_PAGE)

    shown = [RequestRoute(PATH, show_document, methods=["GET"])]
    return [*shown, RequestRoute(PAGE_PATH, show_page, methods=["GET"])] if page else shown
