"""Queue of jobs, fair by client: first the clients with the fewest running jobs, then the longest wait.

A client may have a share of the workers and no more, so that a worker is left for the next one that comes.
"""

from __future__ import annotations

import math
from collections import Counter
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")

CLIENT: ContextVar[str] = ContextVar("client", default="")
"""The client that the running code works for: an address. Set where a request arrives."""


class FairQueue(Generic[T]):
    """What waits, by client, and how many jobs of each client run, of which there are at most ``share``."""

    def __init__(self, *, share: float = math.inf) -> None:
        self._share = share
        self._waiting: dict[T, str] = {}
        self._running: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, waiter: T, client: str) -> None:
        """Queue a waiter behind the others of its client."""
        self._waiting[waiter] = client

    def remove(self, waiter: T) -> None:
        """Take a waiter out, if it is still there."""
        self._waiting.pop(waiter, None)

    def may_start(self, client: str) -> bool:
        """Whether the client has less than its share."""
        return self._running[client] < self._share

    def start_next(self) -> tuple[T, str] | None:
        """Take out the next one to be served and count its job as running, and name its client; None if none may."""
        allowed = [waiter for waiter, client in self._waiting.items() if self.may_start(client)]
        if not allowed:
            return None
        waiter = min(allowed, key=lambda found: self._running[self._waiting[found]])  # the first of several
        client = self._waiting.pop(waiter)
        self.started(client)
        return waiter, client

    def pop_all(self) -> list[T]:
        """Take out all of them."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def started(self, client: str) -> None:
        """Count a job of the client that runs now."""
        self._running[client] += 1

    def finished(self, client: str) -> None:
        """It runs no longer."""
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
