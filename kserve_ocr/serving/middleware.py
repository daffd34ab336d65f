"""ASGI middleware around the application: request id, trace context, access log, errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kserve_ocr.observability import access_log, tracing
from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import StoppingError
from kserve_ocr.serving.connection.client_address import TrustedProxies
from kserve_ocr.serving.exception_mapping import error_response, to_ocr_error
from kserve_ocr.serving.http import valid_or_new_request_id
from kserve_ocr.workers.fair_queue import CLIENT

_QUIET = frozenset({"/", "/metrics", "/v2/health/live", "/v2/health/ready"})

_BROWSER_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
)
"""For a browser that is shown a response, say hOCR of a document with markup in its text. Pages have their own."""


class RequestContextMiddleware:
    """Adds request id and trace context, writes the access log, and turns every exception into an error response.

    An exception that reached the server would close the keep-alive connection of the failed request.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies | None = None) -> None:
        self._app = app
        self._proxies = proxies or TrustedProxies("")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = self._proxies.client_of(scope)
        scope["client"] = (address, 0)
        CLIENT.set(address)
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
            await self._send_with(scope, receive, send, own, {})
        else:
            with access_log.log_request(path=scope["path"]) as notes:
                notes["status"] = await self._send_with(scope, receive, send, own, notes)

    async def _send_with(
        self, scope: Scope, receive: Receive, send: Send, own: dict[str, str], notes: Mapping[str, Any]
    ) -> int:
        """Send the response with these headers; returns the status."""
        status, finished = 0, False
        started = time.perf_counter()

        async def send_with_ids(message: Message) -> None:
            nonlocal status, finished
            if message["type"] == "http.response.start":
                status = message["status"]
                timing = {names.SERVER_TIMING: _server_timing(notes, total=time.perf_counter() - started)}
                _add_headers(message, own | timing, for_browsers=scope["path"] != "/docs")
            elif message["type"] == "http.response.body":
                finished = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, send_with_ids)
        except asyncio.CancelledError:
            # The time to drain has passed; the server cancels what is unfinished and would answer 500 in plain text.
            if status:
                raise
            await error_response(StoppingError("the server is stopping; try again", retry_after=1))(
                scope, receive, send_with_ids
            )
        except Exception as raised:
            # Do not bind the exception to another local: traceback, frame and exception would form a reference cycle.
            answer = error_response(to_ocr_error(raised))
            if not status:
                await answer(scope, receive, send_with_ids)
            elif not finished:
                raise  # closing the connection is the only way to tell the client that the response is incomplete
        return status


def _server_timing(notes: Mapping[str, Any], *, total: float) -> str:
    """``Server-Timing`` of the stages whose milliseconds are in the access log's fields (W3C Server Timing).

    ``total`` is the time in seconds until the response began.
    """
    stages = [f"{name.removesuffix('_ms')};dur={value}, " for name, value in notes.items() if name.endswith("_ms")]
    return f"{''.join(stages)}total;dur={1000 * total:.1f}"


def _add_headers(message: Message, own: dict[str, str], *, for_browsers: bool) -> None:
    """Set our headers of a response, and those for browsers that it does not set itself.

    FastAPI's interactive page, which is off by default, would not work with the latter.
    """
    ours = {name.lower().encode(): value.encode("latin-1") for name, value in own.items()}
    kept = [header for header in message.get("headers", ()) if header[0] not in ours]
    message["headers"] = kept + list(ours.items())
    if for_browsers:
        sent = {name for name, _ in kept}
        message["headers"] += [header for header in _BROWSER_HEADERS if header[0] not in sent]
