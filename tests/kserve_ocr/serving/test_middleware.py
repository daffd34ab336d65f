from __future__ import annotations

import asyncio
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from kserve_ocr.serving.middleware import RequestContextMiddleware

SCOPE: Scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "client": ("10.0.0.1", 1)}


async def receive() -> Any:
    return {"type": "http.request", "body": b""}


def test_a_request_that_is_cancelled_at_the_end_of_draining_is_told_in_the_one_format() -> None:
    sent: list[Any] = []

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    async def scenario() -> None:
        task = asyncio.create_task(RequestContextMiddleware(never)(dict(SCOPE), receive, send))
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(scenario())

    start, body = sent
    assert start["status"] == 503
    assert orjson.loads(body["body"])["code"] == "stopping"
    headers = {name.lower(): value for name, value in start["headers"]}
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-content-type-options"] == b"nosniff"
