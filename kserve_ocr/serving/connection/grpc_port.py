"""gRPC on the HTTP port: a connection that starts as HTTP/2 is joined to the port of the gRPC server.

A Service or a forwarded port is often a single one. gRPC's library takes no connection that another one has accepted,
so the bytes pass through this process, as they are and at the pace of the slower side.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Final, cast

PREFACE: Final = b"PRI * HTTP/2.0"
"""What a client that knows HTTP/2 to be spoken sends first (RFC 9113, 3.4); its method is none of HTTP/1."""


def _set_reading(transport: asyncio.Transport | None, *, reading: bool) -> None:
    """uvloop raises RuntimeError for what is so already, and for a transport that is closing."""
    if transport is None or transport.is_closing() or transport.is_reading() == reading:
        return
    if reading:
        transport.resume_reading()
    else:
        transport.pause_reading()


class JoinedConnection(asyncio.Protocol):
    """The connection to the gRPC server for one client, of which ``first`` has arrived already."""

    def __init__(
        self, client: asyncio.Transport, first: bytes, *, peer: str, clients: MutableMapping[str, str]
    ) -> None:
        self._client = client
        self._first = first
        self._peer = peer
        self._clients = clients
        self._address = ""
        self._server: asyncio.Transport | None = None
        self._opening: asyncio.Task[None] | None = None

    def open(self, port: int) -> None:
        """Connect; the client is read no further until then."""
        _set_reading(self._client, reading=False)
        self._opening = asyncio.get_running_loop().create_task(self._open(port))

    async def _open(self, port: int) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        except OSError:  # the server is stopping
            self._client.abort()

    def send(self, data: bytes) -> None:
        """Pass on what the client has sent."""
        if self._server is None:
            self._first += data
        else:
            self._server.write(data)

    def pause(self) -> None:
        """The client takes no more for now."""
        _set_reading(self._server, reading=False)

    def resume(self) -> None:
        _set_reading(self._server, reading=True)

    def close(self) -> None:
        """The client is gone."""
        if self._server is not None:
            self._server.close()
        elif self._opening is not None:
            self._opening.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server = cast("asyncio.Transport", transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self._address = f"{host}:{port}"
        self._clients[self._address] = self._peer
        if self._client.is_closing():
            self._server.close()
            return
        self._server.write(self._first)
        self._first = b""
        _set_reading(self._client, reading=True)

    def data_received(self, data: bytes) -> None:
        self._client.write(data)

    def pause_writing(self) -> None:
        _set_reading(self._client, reading=False)

    def resume_writing(self) -> None:
        _set_reading(self._client, reading=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.pop(self._address, None)
        self._client.close()


class GrpcPort:
    """The gRPC server's port, for clients of the HTTP port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.clients: dict[str, str] = {}
        """Addresses of joined clients by that of their connection to the gRPC server, which sees only the latter."""

    def join(self, client: asyncio.Transport, first: bytes, *, peer: str) -> JoinedConnection:
        """Join a client at the address ``peer``, which has sent ``first``."""
        peer = peer.removeprefix("::ffff:")
        connection = JoinedConnection(client, first, peer=peer, clients=self.clients)
        connection.open(self._port)
        return connection
