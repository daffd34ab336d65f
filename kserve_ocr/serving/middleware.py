"""ASGI middleware around the application: request id, trace context, access log, errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kserve_ocr.observability import access_log, tracing
from kserve_ocr.protocol import names
from kserve_ocr.serving.exception_mapping import error_response, to_ocr_error
from kserve_ocr.serving.http import Handler, valid_or_new_request_id

HotRoutes = Mapping[str, tuple[Handler, dict[str, str]]]
"""Handlers and their path parameters by full path."""


_QUIET = frozenset({"/", "/metrics", "/v2/health/live", "/v2/health/ready"})


class RequestContextMiddleware:
    """Middleware around the whole application: request id and trace, one log line, and no error of another shape.

    Catching here, inside the server's own boundary, keeps the connection of a failed request alive.
    """

    def __init__(self, app: ASGIApp, hot: HotRoutes = MappingProxyType({})) -> None:
        """POSTs to ``hot`` go around the application, whose layers cost as much as the handlers themselves."""
        self._app = app
        self._hot = hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        given = dict(scope["headers"])
        identity = valid_or_new_request_id(given.get(names.REQUEST_ID.encode(), b"").decode("latin-1"))
        parent = given.get(names.TRACEPARENT.encode(), b"").decode("latin-1")
        name = f"{scope['method']} {path}"
        exported = path not in _QUIET
        with tracing.serve(name, traceparent=parent, request_id=identity, exported=exported) as trace:
            own = {names.REQUEST_ID: identity, names.TRACEPARENT: trace.header()}
            await self._answer(scope, receive, send, own)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, own: dict[str, str]) -> None:
        if scope["path"] in _QUIET:
            await self._send_with(scope, receive, send, own)
        else:
            with access_log.line(path=scope["path"]) as notes:
                notes["status"] = await self._send_with(scope, receive, send, own)

    async def _send_with(self, scope: Scope, receive: Receive, send: Send, own: dict[str, str]) -> int:
        """Answer with our headers; the status."""
        status, finished = 0, False

        async def send_with_ids(message: Message) -> None:
            nonlocal status, finished
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message.setdefault("headers", [])).update(own)
            elif message["type"] == "http.response.body":
                finished = not message.get("more_body", False)
            await send(message)

        hot = self._hot.get(scope["path"]) if scope["method"] == "POST" else None
        try:
            if hot is None:
                await self._app(scope, receive, send_with_ids)
            else:
                handler, scope["path_params"] = hot
                response = await handler(Request(scope, receive, send))
                await response(scope, receive, send_with_ids)
        except Exception as raised:
            # No other name for it: that would close a cycle with this frame, which then outlives the request.
            answer = error_response(to_ocr_error(raised))
            if not status:
                await answer(scope, receive, send_with_ids)
            elif not finished:
                raise  # only breaking the connection tells the client that the rest will not come
        return status
