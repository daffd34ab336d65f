"""Results of recognition: pages and documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.pdf.page_image import PageImage
from transformer.pipeline.ocr_request import Document

PAGE_SEPARATOR: Final = "\f"


@dataclass(frozen=True, slots=True)
class PageResult:
    """The result of one page; the layout is in pixels of the original page, None unless needed."""

    number: int
    """Page number in the document, from 1."""
    text: str
    confidence: float
    """Mean word confidence, 0-1; 0 with no words."""
    layout: PageLayout | None
    image: PageImage | None
    """The original page's image, only for the ``pdf`` output."""
    dpi: int | None


@dataclass(frozen=True, slots=True)
class DocumentResult:
    document: Document
    pages: tuple[PageResult, ...]

    @property
    def text(self) -> str:
        """The text of all pages, separated by form feeds."""
        return PAGE_SEPARATOR.join(page.text for page in self.pages)

    @property
    def confidence(self) -> float:
        """Mean word confidence over all pages, 0-1, weighted by number of words."""
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
