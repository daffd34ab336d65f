"""From the pages read of each document to the values of the outputs that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocol import names
from protocol.layout import PageLayout
from transformer.formats.alto import alto
from transformer.formats.hocr import hocr
from transformer.formats.pdf.page_image import PageImage
from transformer.formats.pdf.writer import PdfPage, pdf
from transformer.formats.tsv import tsv
from transformer.formats.words_json import words_json
from transformer.requests import OUTPUTS, Document

PAGE_SEPARATOR: Final = "\f"


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page with what was read on it; the layout is in pixels of the original page, None unless needed."""

    number: int
    """1-based, as the document counts."""
    text: str
    confidence: float
    """Mean word confidence, 0-1; 0 with no words."""
    layout: PageLayout | None
    image: PageImage | None
    """The original page's image, only for the ``pdf`` output."""
    dpi: int | None


@dataclass(frozen=True, slots=True)
class ReadDocument:
    document: Document
    pages: tuple[ReadPage, ...]

    @property
    def text(self) -> str:
        """The text of all pages, separated by form feeds."""
        return PAGE_SEPARATOR.join(page.text for page in self.pages)

    @property
    def confidence(self) -> float:
        """Mean word confidence over all pages, 0-1; each page weighs as much as it has words."""
        weights = [len(page.text.split()) for page in self.pages]
        total = sum(page.confidence * weight for page, weight in zip(self.pages, weights, strict=True))
        return total / sum(weights) if any(weights) else 0.0

    @property
    def layouts(self) -> list[PageLayout]:
        """The pages' layouts; only when the outputs need them."""
        return [page.layout for page in self.pages if page.layout is not None]

    @property
    def numbers(self) -> list[int]:
        """The pages' numbers in the document."""
        return [page.number for page in self.pages]


def _pdf(read: ReadDocument) -> bytes:
    return pdf(
        PdfPage(page.layout, page.image, page.dpi)
        for page in read.pages
        if page.layout is not None and page.image is not None
    )


_MAKERS: Final[dict[str, Callable[[ReadDocument], Any]]] = {
    names.TEXT: lambda read: read.text,
    names.TEXT_ALIAS: lambda read: read.text,
    names.CONFIDENCE: lambda read: round(read.confidence, 4),
    names.PAGES: lambda read: len(read.pages),
    names.WORDS: lambda read: words_json(read.layouts, numbers=read.numbers).decode(),
    names.TSV: lambda read: tsv(read.layouts, numbers=read.numbers).decode(),
    names.HOCR: lambda read: hocr(read.layouts, lang=read.document.reading.lang, numbers=read.numbers).decode(),
    names.ALTO: lambda read: alto(read.layouts, lang=read.document.reading.lang, numbers=read.numbers).decode(),
    names.PDF: _pdf,
}


def make(outputs: Sequence[str], documents: Sequence[ReadDocument]) -> dict[str, tuple[str, list[Any]]]:
    """``{name: (datatype, one value a document)}`` for the outputs, in their order."""
    return {name: (OUTPUTS[name], [_MAKERS[name](read) for read in documents]) for name in outputs}
