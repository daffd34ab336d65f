"""How many connections a server holds, and which of them has to go when there are too many."""

from __future__ import annotations

import resource
from collections import Counter
from typing import Final, Protocol

from msgspec import Struct

PROBE_RESERVE: Final = 32
"""Connections beyond the limit that are kept for probes and metrics."""
_OTHER_DESCRIPTORS: Final = 384
"""Descriptors for workers, documents, logs, connections to other services, gRPC, and what is joined to it."""


class HttpLimits(Struct, frozen=True):
    """Bounds on one HTTP connection, and on all of them."""

    connections: int = 800
    connections_per_client: int = 400
    header_bytes: int = 65_536
    """Request line and headers of one request."""
    header_seconds: float = 10.0
    """Time from a connection, or from the first byte of a later request, to the end of its headers."""
    write_seconds: float = 30.0
    """Time after which a response of which the client takes nothing is given up."""
    pipelined: int = 32
    """Requests of one connection that wait for the response to an earlier one."""


class Connection(Protocol):
    """What is needed of a connection to count it and to close it."""

    @property
    def peer(self) -> str: ...

    def drop(self) -> None: ...


class ConnectionTable:
    """The open connections in the order in which they began to wait for a request."""

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self._clients: Counter[str] = Counter()
        self._waiting: dict[Connection, None] = {}

    @property
    def total(self) -> int:
        return self._clients.total()

    def add(self, connection: Connection) -> None:
        """Count a new connection, which waits for its first request."""
        self._clients[connection.peer] += 1
        self._waiting[connection] = None

    def remove(self, connection: Connection) -> None:
        """Forget a closed connection."""
        self._waiting.pop(connection, None)
        self._clients[connection.peer] -= 1
        if not self._clients[connection.peer]:
            del self._clients[connection.peer]

    def wait(self, connection: Connection) -> None:
        """It has no request any more."""
        self._waiting[connection] = None

    def work(self, connection: Connection) -> None:
        """It has a request: it is never closed for another one."""
        self._waiting.pop(connection, None)

    def make_room(self, newest: Connection) -> bool:
        """Whether ``newest`` may send any request; False if only probes have room left.

        The connection that has waited longest for a request is closed for it, one of the same client if that has
        more than its share.
        """
        share = self._clients[newest.peer] > self.limits.connections_per_client
        if not share and self.total <= self.limits.connections:
            return True
        others = (found for found in self._waiting if found is not newest)
        oldest = next((found for found in others if not share or found.peer == newest.peer), None)
        if oldest is None:
            return False
        self._waiting.pop(oldest)
        oldest.drop()
        return True


def within_descriptors(wanted: int) -> int:
    """``wanted`` connections, or as many as the process may have after raising its limit on descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + PROBE_RESERVE + _OTHER_DESCRIPTORS
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(PROBE_RESERVE, min(wanted, soft - PROBE_RESERVE - _OTHER_DESCRIPTORS))
