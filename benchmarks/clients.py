"""``python -m benchmarks.clients``: CPU time of HTTP clients that send pixels to a server that only answers."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any, Final, cast

import aiohttp
import httptools
import httpx
import orjson
import uvloop

REQUESTS: Final = 1000
ROUNDS: Final = 3
ANSWER: Final = orjson.dumps({"outputs": [{"name": "output-0", "datatype": "BYTES", "shape": [1], "data": ["text"]}]})
BODIES: Final = {"line, 85 KB": 85_500, "paragraph, 576 KB": 576_000, "page, 8.7 MB": 8_699_840}

Post = Callable[[bytes], Awaitable[bytes]]


class _Answering(asyncio.Protocol):
    """Takes requests of a known length and answers each with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
        )


def serve(pipe: Connection[Any, Any]) -> None:
    """Serve on a free port, which is sent first, until the process is ended."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


class _Bare(asyncio.Protocol):
    """One keep-alive connection: the least that a client in Python can do."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        assert self._answer is not None
        self._answer.set_result(bytes(self._body))

    async def post(self, body: bytes) -> bytes:
        self._body.clear()
        self._parser = httptools.HttpResponseParser(self)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: %d\r\n\r\n" % len(body))
        self._transport.write(body)
        return await self._answer


async def _cpu_milliseconds(post: Post, body: bytes, requests: int) -> float:
    assert await post(body) == ANSWER
    began = time.process_time()
    for _ in range(requests):
        await post(body)
    return (time.process_time() - began) / requests * 1000


async def measure(port: int) -> None:
    """Print a table: the best of several rounds for each client and size."""
    url = f"http://127.0.0.1:{port}/"
    _, bare = await asyncio.get_running_loop().create_connection(_Bare, "127.0.0.1", port)
    async with httpx.AsyncClient(timeout=60) as slow, aiohttp.ClientSession() as session:

        async def by_httpx(body: bytes) -> bytes:
            return (await slow.post(url, content=body)).content

        async def by_aiohttp(body: bytes) -> bytes:
            async with session.post(url, data=body) as response:
                return await response.read()

        clients: dict[str, Post] = {"httpx": by_httpx, "aiohttp": by_aiohttp, "bare protocol": bare.post}
        print(f"{'CPU ms a request':<20}" + "".join(f"{name:>15}" for name in clients))
        for title, size in BODIES.items():
            body, requests = bytes(size), max(10, REQUESTS * 85_500 // max(85_500, size))
            best = [
                min([await _cpu_milliseconds(post, body, requests) for _ in range(ROUNDS)]) for post in clients.values()
            ]
            print(f"{title:<20}" + "".join(f"{value:>15.3f}" for value in best))


def main() -> None:
    """Start the server in a process of its own, measure, and end it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        uvloop.run(measure(ours.recv()))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
