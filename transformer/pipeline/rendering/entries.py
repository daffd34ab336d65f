"""Lines or words of all pages as one flat list, for the outputs ``boxes``, ``txts``, ``scores`` and ``page_index``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec import Struct

from kserve_ocr.protocol.layout import Box, PageLayout, mean_confidence
from transformer.pipeline.results import DocumentResult


class Entry(Struct, frozen=True):
    """One line or word; ``page`` counts from 0 over all pages of the request."""

    text: str
    bbox: Box
    confidence: float
    page: int


def entries_of(documents: Sequence[DocumentResult]) -> list[Entry]:
    """The lines of every page in reading order, or the words where a document asks for them; empty ones are omitted."""
    pages = [(page.layout, read.document.by_word) for read in documents for page in read.pages]
    found = (_page(layout, number, by_word=by_word) for number, (layout, by_word) in enumerate(pages) if layout)
    return [entry for entry in chain.from_iterable(found) if entry.text]


def _page(layout: PageLayout, number: int, *, by_word: bool) -> Iterator[Entry]:
    for line in layout.iter_lines():
        if by_word:
            for word in line.words:
                yield Entry(word.text, word.bbox, word.confidence, number)
        else:
            text = " ".join(word.text for word in line.words)
            yield Entry(text, line.bbox, mean_confidence(line.words), number)
