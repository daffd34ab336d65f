"""What every HTTP route of both servers does alike: bounded bodies, one shape of errors, hang-ups, request ids."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from protocol import journal, names, tracing
from protocol.errors import (
    ClientGoneError,
    InternalError,
    MalformedRequestError,
    MethodNotAllowedError,
    ModelNotFoundError,
    OcrError,
    RouteNotFoundError,
    StartingError,
)

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
HotRoutes = Mapping[str, tuple[Handler, dict[str, str]]]
"""Handlers and their path parameters by full path."""

_log = logging.getLogger("ocr.http")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")
_GONE = "the client hung up before its answer was ready"
_QUIET = frozenset({"/", "/metrics", "/v2/health/live", "/v2/health/ready"})


def fit_request_id(given: str) -> str:
    """The given id, or a fresh one if it is empty or unfit for a log."""
    return given if _REQUEST_ID.match(given) else uuid.uuid4().hex


def as_ocr_error(error: BaseException) -> OcrError:
    """The error a client sees for any exception; unknown ones are logged and become InternalError."""
    match error:
        case OcrError():
            return error
        case ModelNotFound():
            return ModelNotFoundError(f"{error.reason} GET /v2/models lists the models here.")
        case ModelNotReady() | ServerNotReady():
            return StartingError("the model is still loading; try again in a moment", retry_after=1)
        case InvalidInput():
            return MalformedRequestError(str(error.reason))
        case RequestValidationError():
            return MalformedRequestError("the request does not fit this route; see /openapi.json")
        case HTTPException(status_code=405):
            return MethodNotAllowedError("this route does not take that method; see /openapi.json")
        case HTTPException(status_code=404) | NotImplementedError():
            return RouteNotFoundError("there is nothing at this address; see /openapi.json for the routes")
        case HTTPException():
            return MalformedRequestError(str(error.detail))
    _log.error("unexpected error", exc_info=error)
    return InternalError("the service made a mistake; its log has the details under this request's id")


@contextlib.contextmanager
def in_our_terms() -> Iterator[None]:
    """Let every exception leave the block as the error that the client sees, so that it is counted as that."""
    try:
        yield
    except OcrError:
        raise
    except Exception as error:
        raise as_ocr_error(error) from error


def error_response(error: OcrError) -> Response:
    """The JSON answer for an error."""
    journal.note(code=error.code)
    return Response(
        orjson.dumps(error.body()), error.status, headers={"content-type": "application/json", **error.headers()}
    )


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, cancelled when the client hangs up. Needs the body to have been read.

    Raises ClientGoneError after a hang-up, and whatever ``work`` raises.
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


class Envelope:
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
        identity = fit_request_id(given.get(names.REQUEST_ID.encode(), b"").decode("latin-1"))
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
            with journal.line(path=scope["path"]) as notes:
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
            answer = error_response(as_ocr_error(raised))
            if not status:
                await answer(scope, receive, send_with_ids)
            elif not finished:
                raise  # only breaking the connection tells the client that the rest will not come
        return status


async def answer_in_shape(_request: Request, error: Exception) -> Response:
    """Exception handler for Starlette: the one shape of errors for any exception."""
    return error_response(as_ocr_error(error))


class PlainRoute(APIRoute):
    """A route whose handler takes the request and gives the response: FastAPI has nothing to solve for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler itself."""
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler
