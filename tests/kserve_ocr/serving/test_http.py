from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from starlette.exceptions import HTTPException
from starlette.requests import Request

from kserve_ocr.protocol.errors import ClientGoneError, InternalError, OcrError, TimedOutError
from kserve_ocr.serving.exception_mapping import error_response, map_exceptions, to_ocr_error
from kserve_ocr.serving.http import cancel_on_disconnect, valid_or_new_request_id
from kserve_ocr.serving.middleware import RequestContextMiddleware

GONE = {"type": "http.disconnect"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TimedOutError("too slow"), 504, "timed_out"),
        (ModelNotFound("other"), 404, "model_not_found"),
        (ModelNotReady("ocr-model"), 503, "starting"),
        (InvalidInput("no inputs"), 400, "malformed_request"),
        (HTTPException(405), 405, "method_not_allowed"),
        (HTTPException(404), 404, "not_found"),
        (HTTPException(418, "a teapot"), 400, "malformed_request"),
        (NotImplementedError(), 404, "not_found"),
        (RuntimeError("secret"), 500, "internal"),
    ],
)
def test_every_exception_becomes_an_error_of_ours(error: Exception, status: int, code: str) -> None:
    found = to_ocr_error(error)

    assert (found.status, found.code) == (status, code)
    assert "secret" not in found.message


def test_errors_leave_a_block_in_our_terms() -> None:
    with pytest.raises(InternalError) as told, map_exceptions():
        raise KeyError("secret")
    assert isinstance(told.value.__cause__, KeyError)
    ours = TimedOutError("too slow")
    with pytest.raises(TimedOutError) as kept, map_exceptions():
        raise ours
    assert kept.value is ours


def test_the_answer_to_an_error() -> None:
    response = error_response(OcrError("do something else", retry_after=4))

    assert response.status_code == 500
    assert response.body == b'{"error":"do something else","code":"internal"}'
    assert response.headers["retry-after"] == "4"
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("given", ["a", "order-66", "x" * 128, "0a/1b:2c"])
def test_request_ids_that_are_kept(given: str) -> None:
    assert valid_or_new_request_id(given) == given


@pytest.mark.parametrize("given", ["", " ", "a b", "a\nb", "x" * 129, "é"])
def test_request_ids_that_are_replaced(given: str) -> None:
    assert valid_or_new_request_id(given) not in {"", given}


class Connection:
    """A client that hangs up when told."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> Any:
        await self.gone.wait()
        return GONE

    @property
    def request(self) -> Request:
        return Request({"type": "http", "method": "POST", "headers": []}, self.receive)


def test_work_is_answered_while_the_client_waits() -> None:
    async def scenario() -> None:
        async def work() -> str:
            await asyncio.sleep(0)
            return "done"

        assert await cancel_on_disconnect(Connection().request, work()) == "done"
        assert len(asyncio.all_tasks()) <= 2  # this one and the watch, which is being cancelled

    asyncio.run(scenario())


def test_what_work_raises_is_raised() -> None:
    async def work() -> None:
        raise TimedOutError("too slow")

    async def scenario() -> None:
        with pytest.raises(TimedOutError):
            await cancel_on_disconnect(Connection().request, work())

    asyncio.run(scenario())


def test_work_ends_when_the_client_hangs_up() -> None:
    ended: list[str] = []

    async def work(connection: Connection) -> None:
        connection.gone.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    async def scenario() -> None:
        connection = Connection()
        with pytest.raises(ClientGoneError):
            await cancel_on_disconnect(connection.request, work(connection))
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(scenario())
    assert ended == ["cleaned up"]


def test_a_cancellation_that_is_not_the_clients_goes_on() -> None:
    async def scenario() -> None:
        task = asyncio.create_task(cancel_on_disconnect(Connection().request, asyncio.Event().wait()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


def serve(app: Any, *, path: str = "/somewhere") -> list[dict[str, Any]]:
    """The messages that the application inside the envelope sends."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return GONE

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"x-request-id", b"order-66")]}
    asyncio.run(RequestContextMiddleware(app)(scope, receive, send))
    return sent


def test_an_exception_before_the_answer_is_answered() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("secret")

    start, body = serve(app)

    assert start["status"] == 500
    assert dict(start["headers"])[b"x-request-id"] == b"order-66"
    assert b"internal" in body["body"]
    assert b"secret" not in body["body"]


@pytest.mark.parametrize("finished", [True, False])
def test_an_exception_amid_the_answer_breaks_it_off(finished: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": not finished})
        raise RuntimeError("secret")

    if finished:
        assert len(serve(app)) == 2
    else:
        with pytest.raises(RuntimeError):
            serve(app)
