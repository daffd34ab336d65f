"""Limits on concurrent work: requests admitted, and pages between decoding and result."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from kserve_ocr.protocol.errors import OverloadedError
from kserve_ocr.workers.fair_queue import CLIENT

_PAGE_PIXELS = 9_000_000
"""A4 at 300 dots an inch."""


class Admission:
    """At most ``limit`` requests at once; further ones are rejected instead of queued."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Admit one request for the duration of the block. Raises OverloadedError."""
        if self._inside >= self._limit:
            raise OverloadedError(
                f"the service is working on {self._inside} requests already; try again in a moment", retry_after=2
            )
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


class WeightedSemaphore:
    """A weighted semaphore, first come, first served. A weight above the total is admitted only on its own."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def acquire(self, amount: int) -> None:
        """Acquire ``amount``, waiting until it is available."""
        if not self._waiting and self._fits(amount):
            self._used += amount
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (amount, turn)
        self._waiting.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._used -= amount
            elif entry in self._waiting:
                self._waiting.remove(entry)
            self._grant()
            raise

    def release(self, amount: int) -> None:
        """Release ``amount``."""
        self._used -= amount
        self._grant()

    def _fits(self, amount: int) -> bool:
        return self._used == 0 or self._used + amount <= self._total

    def _grant(self) -> None:
        while self._waiting and self._fits(self._waiting[0][0]):
            amount, turn = self._waiting.popleft()
            if not turn.done():
                self._used += amount
                turn.set_result(None)


class InFlightLimiter:
    """Limits the decoded pages without a result: enough to keep the predictor busy, few enough to bound memory.

    At most ``pages`` of A4 size; smaller ones count by their pixels, larger ones as one, so that two workers are never
    left with one page. And at most ``pixels``, whatever the number; a page larger than that goes alone.
    """

    def __init__(self, *, pages: int, pixels: int) -> None:
        self._pages = WeightedSemaphore(pages * _PAGE_PIXELS)
        self._pixels = WeightedSemaphore(pixels)

    async def acquire(self, size: int) -> None:
        """Admit a page of ``size`` pixels, waiting until there is room."""
        counted = min(size, _PAGE_PIXELS)
        await self._pages.acquire(counted)
        try:
            await self._pixels.acquire(size)
        except BaseException:
            self._pages.release(counted)
            raise

    def release(self, size: int) -> None:
        """Release a page that was admitted."""
        self._pages.release(min(size, _PAGE_PIXELS))
        self._pixels.release(size)


class DecodingSlots:
    """Slots for pages that are being decoded, or are decoded and not yet in flight.

    One client has at most two thirds of them, so that those who come later need not wait for its pages.
    """

    def __init__(self, share: int) -> None:
        self._share = share
        self._all = asyncio.Semaphore(share + max(1, share // 2))
        self._clients: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def slot(self) -> _Slot:
        """A slot for the client that the running code works for, during the block."""
        return _Slot(self._clients.setdefault(CLIENT.get(), asyncio.Semaphore(self._share)), self._all)


class _Slot:
    """A slot of a client's share and of all slots; a class, since a generator would cost a text line more."""

    def __init__(self, share: asyncio.Semaphore, every: asyncio.Semaphore) -> None:
        self._share, self._every = share, every

    async def __aenter__(self) -> None:
        await self._share.acquire()
        try:
            await self._every.acquire()
        except BaseException:
            self._share.release()
            raise

    async def __aexit__(self, *raised: object) -> None:
        self._every.release()
        self._share.release()
