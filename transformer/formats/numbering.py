"""Page numbers of a document of which only some pages were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from protocol.layout import PageLayout


def numbered(pages: Sequence[PageLayout], numbers: Sequence[int] | None) -> Iterator[tuple[int, PageLayout]]:
    """The pages with their 1-based numbers in the document: ``numbers``, or 1, 2, … when None.

    Raises ValueError when the two differ in length.
    """
    return zip(range(1, len(pages) + 1) if numbers is None else numbers, pages, strict=True)
