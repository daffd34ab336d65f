"""Connections that are joined to another port, here that of a server which sends everything back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

import uvloop

from kserve_ocr.serving.connection.grpc_port import GrpcPort, JoinedConnection

MANY = b"x" * (1 << 23)
"""More than the buffers between two processes hold."""


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


class Front(asyncio.Protocol):
    """Joins each connection as if the bytes ``first`` had come on it."""

    joined: JoinedConnection

    def __init__(self, port: GrpcPort) -> None:
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.joined = self.port.join(cast("asyncio.Transport", transport), b"first", peer="::ffff:192.0.2.7")

    def data_received(self, data: bytes) -> None:
        self.joined.send(data)

    def pause_writing(self) -> None:
        self.joined.pause()

    def resume_writing(self) -> None:
        self.joined.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        self.joined.close()


@asynccontextmanager
async def connected(port: GrpcPort) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    front = await asyncio.get_running_loop().create_server(lambda: Front(port), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*front.sockets[0].getsockname())
    async with front:
        yield reader, writer
        writer.close()


def run(test: Callable[[int], Awaitable[None]]) -> None:
    async def with_echo() -> None:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            async with asyncio.timeout(10):
                await test(server.sockets[0].getsockname()[1])

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the servers' event loop
        runner.run(with_echo())


def test_everything_passes_both_ways_and_the_client_is_known() -> None:
    async def test(number: int) -> None:
        port = GrpcPort(number)
        async with connected(port) as (reader, writer):
            assert await reader.readexactly(5) == b"first"
            assert list(port.clients.values()) == ["192.0.2.7"]
            writer.write(MANY)
            assert await reader.readexactly(len(MANY)) == MANY
        while port.clients:
            await asyncio.sleep(0.01)

    run(test)


def test_the_end_of_the_server_is_that_of_the_connection() -> None:
    async def test(number: int) -> None:
        port = GrpcPort(number)
        async with connected(port) as (reader, writer):
            await reader.readexactly(5)
            writer.write_eof()
            assert await reader.read() == b""
        assert not port.clients

    run(test)


def test_a_server_that_does_not_listen() -> None:
    async def test(_: int) -> None:
        async with connected(GrpcPort(1)) as (reader, _writer):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""

    run(test)
