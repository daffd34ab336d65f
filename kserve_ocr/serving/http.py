"""HTTP behavior shared by both servers: request ids, disconnects, routes without injection."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kserve_ocr.protocol.errors import (
    ClientGoneError,
)

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

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


class RequestRoute(APIRoute):
    """A route whose endpoint takes the request and returns the response: FastAPI has nothing to inject or validate."""

    def __init__(self, path: str, endpoint: Handler, **options: Any) -> None:
        super().__init__(path, endpoint, response_model=None, **options)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app
