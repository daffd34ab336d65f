"""HTTP behavior shared by both servers: request ids, disconnects, routes, JSON responses."""

from __future__ import annotations

import asyncio
import importlib
import re
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send

from kserve_ocr.protocol.errors import ClientGoneError

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
Description = Callable[[], dict[str, Any]]
"""Makes the OpenAPI operation of a route when the document is asked for."""

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")
_GONE = "the client disconnected before the response was ready"


def valid_or_new_request_id(given: str) -> str:
    """The client's id, or a new one if it is empty or not safe for a log."""
    return given if _REQUEST_ID.match(given) else uuid.uuid4().hex


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, cancelled when the client disconnects. The body must have been read.

    Raises ClientGoneError after a disconnect, and what ``work`` raises.
    """
    task = asyncio.current_task()
    assert task is not None
    gone = False

    async def cancel_when_gone() -> None:
        nonlocal gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone = True
        task.cancel()

    watch = asyncio.create_task(cancel_when_gone())
    try:
        return await work
    except asyncio.CancelledError:
        if gone:
            task.uncancel()
            raise ClientGoneError(_GONE) from None
        raise
    finally:
        watch.cancel()


class Methods:
    """ASGI application around a router: answers OPTIONS, and names every method of an address in ``Allow``.

    The router would name those of one route. HEAD is GET here, whose body the server leaves out. A slash at the end of
    the address changes nothing, unless a route has it: the router would have the client send its file again elsewhere,
    and the standard's own document writes ``/v2/``.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._with_slash = {path for route in router.routes if (path := getattr(route, "path", "")).endswith("/")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope.get("method")
        if method == "HEAD":
            scope = {**scope, "method": "GET"}
        if scope["path"].endswith("/") and scope["path"] not in self._with_slash:
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:
            if error.status_code != 405:
                raise
            allow = {"Allow": ", ".join(sorted(self._allowed(scope)))}
            if method != "OPTIONS":
                raise HTTPException(405, headers=allow) from None
            await Response(status_code=204, headers=allow)(scope, receive, send)

    def _allowed(self, scope: Scope) -> set[str]:
        matching = [route for route in self._router.routes if route.matches(scope)[0] is not Match.NONE]
        # Of a less specific address that matches too, such as a model's that is called "a:predict", nothing is meant.
        matching = [route for route in matching if getattr(route, "path", "") == getattr(matching[0], "path", "")]
        found = {method for route in matching for method in getattr(route, "methods", None) or ()}
        return found | ({"HEAD"} if "GET" in found else set())


def operation(module: str, name: str) -> Description:
    """Gives the operation that a module has under ``name``; the module is imported when the document is asked for."""

    def describe() -> dict[str, Any]:
        found: dict[str, Any] = getattr(importlib.import_module(module), name)
        return found

    return describe


class RequestRoute(Route):
    """A route whose endpoint takes the request and returns the response, whatever it raises reaching the caller."""

    methods: set[str]

    def __init__(
        self, path: str, endpoint: Handler, *, methods: Sequence[str], describe: Description | None = None
    ) -> None:
        """``describe`` makes its operation in the OpenAPI document, which leaves it out without."""
        super().__init__(path, endpoint, methods=methods, include_in_schema=describe is not None)
        self.describe = describe

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app


def json_response(value: Mapping[str, Any]) -> Response:
    """A response with ``value`` as JSON."""
    return Response(orjson.dumps(value), headers={"content-type": "application/json"})
