"""Pages of a request as they are recognized, and the same in the order of the request."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

from msgspec import Struct

from transformer.pipeline.results import PageResult


class PageEvent(Struct, frozen=True):
    """The page at ``index`` (from 0) of a document (from 1), or, without a page, the document's end at that index."""

    document: int
    index: int
    page: PageResult | None


class InOrder:
    """Holds pages back until all before them are there."""

    def __init__(self) -> None:
        self._pages: defaultdict[int, dict[int, PageResult]] = defaultdict(dict)
        self._ends: dict[int, int] = {}
        self._document, self._index = 1, 0

    def add(self, event: PageEvent) -> Iterator[tuple[int, PageResult]]:
        """The pages, with the numbers of their documents, whose turn has come with this event."""
        if event.page is None:
            self._ends[event.document] = event.index
        else:
            self._pages[event.document][event.index] = event.page
        while True:
            page = self._pages[self._document].pop(self._index, None)
            if page is not None:
                yield self._document, page
                self._index += 1
            elif self._ends.get(self._document) == self._index:
                self._document, self._index = self._document + 1, 0
            else:
                return


Recognize = Callable[[Callable[[PageEvent], None]], Awaitable[int]]
"""Recognizes a request and reports its pages; returns how many there were."""


async def pages_in_order(recognize: Recognize) -> AsyncGenerator[tuple[int, PageResult], None]:
    """The pages with the numbers of their documents, each as soon as it and all before it are recognized.

    Raises what ``recognize`` raises, after the pages that were there before. Closing it ends the recognition.
    """
    events: asyncio.Queue[PageEvent | None] = asyncio.Queue()
    work = asyncio.ensure_future(recognize(events.put_nowait))
    work.add_done_callback(lambda _: events.put_nowait(None))
    in_order = InOrder()
    try:
        while (event := await events.get()) is not None:
            for found in in_order.add(event):
                yield found
        await work
    finally:
        work.cancel()
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await work
