from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request

from kserve_ocr.protocol.errors import ClientGoneError, MalformedRequestError, OverloadedError, TooManyBytesError
from kserve_ocr.serving.request_body import ArrivalLimits, RequestBodyLimiter


def request(*chunks: bytes, declared: int | None = None, ends: bool = True, client: str = "a") -> Request:
    """A request whose body comes in these chunks; if it does not end, the client hangs up."""
    messages: list[Any] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b""} if ends else {"type": "http.disconnect"})

    async def receive() -> Any:
        return messages.pop(0)

    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers, "client": (client, 1)}, receive)


async def read(held: RequestBodyLimiter, given: Request) -> bytes:
    async with held.read(given) as received:
        body = received.take()
        return bytes(body)


@pytest.mark.parametrize("chunks", [(), (b"abc",), (b"ab", b"", b"c")])
def test_a_body_is_read_whole(chunks: tuple[bytes, ...]) -> None:
    held = RequestBodyLimiter(limit=3, total=3)

    assert asyncio.run(read(held, request(*chunks))) == b"".join(chunks)
    assert asyncio.run(read(held, request(*chunks, declared=3))) == b"".join(chunks)


@pytest.mark.parametrize(
    "given", [lambda: request(declared=4), lambda: request(b"ab", b"cd"), lambda: request(b"abcd", declared=1)]
)
def test_a_body_over_the_limit(given: Callable[[], Request]) -> None:
    with pytest.raises(TooManyBytesError, match="limit of 3 bytes"):
        asyncio.run(read(RequestBodyLimiter(limit=3, total=9), given()))


def test_a_body_that_breaks_off() -> None:
    with pytest.raises(ClientGoneError):
        asyncio.run(read(RequestBodyLimiter(limit=9, total=9), request(b"ab", ends=False)))


def test_all_bodies_together_have_a_limit_and_give_back_their_share() -> None:
    async def scenario() -> None:
        held = RequestBodyLimiter(limit=6, total=10)
        async with held.read(request(b"abcdef", client="a")):
            with pytest.raises(OverloadedError) as told:
                await read(held, request(b"abcdef", client="b"))
            assert told.value.retry_after
            assert await read(held, request(b"abcd", client="b")) == b"abcd"
        with pytest.raises(ClientGoneError):
            await read(held, request(b"abcdef", ends=False))
        assert await read(held, request(b"abcdef")) == b"abcdef"

    asyncio.run(scenario())


def test_one_client_holds_half_of_the_total() -> None:
    async def scenario() -> None:
        held = RequestBodyLimiter(limit=2, total=8)
        async with held.read(request(b"ab", client="a")), held.read(request(b"cd", client="a")):
            with pytest.raises(OverloadedError, match="one client"):
                await read(held, request(b"e", client="a"))
            assert await read(held, request(b"ef", client="b")) == b"ef"

    asyncio.run(scenario())


def test_bytes_that_are_only_declared_do_not_count() -> None:
    async def scenario() -> None:
        held = RequestBodyLimiter(limit=6, total=6)
        never = asyncio.ensure_future(read(held, waiting_request(declared=6)))
        await asyncio.sleep(0)
        assert await read(held, request(b"abcdef", client="b")) == b"abcdef"
        never.cancel()

    asyncio.run(scenario())


def waiting_request(*, declared: int) -> Request:
    """A request of which nothing comes after its headers."""

    async def never() -> Any:
        await asyncio.Event().wait()

    headers = [(b"content-length", str(declared).encode())]
    return Request({"type": "http", "method": "POST", "headers": headers, "client": ("a", 1)}, never)


@pytest.mark.parametrize("arrival", [ArrivalLimits(seconds=0.01), ArrivalLimits(idle_seconds=0.01)])
def test_a_body_that_does_not_arrive(arrival: ArrivalLimits) -> None:
    with pytest.raises(MalformedRequestError, match="did not arrive"):
        asyncio.run(read(RequestBodyLimiter(limit=9, total=9, arrival=arrival), waiting_request(declared=3)))
