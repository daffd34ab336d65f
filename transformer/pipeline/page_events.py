"""Pages of a request as they are recognized, and the same in the order of the request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from transformer.pipeline.results import PageResult


@dataclass(frozen=True, slots=True)
class PageEvent:
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
