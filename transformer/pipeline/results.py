"""Results of recognition: pages and documents."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.layout import PageLayout, mean_confidence
from transformer.formats.plain_text import TextForm
from transformer.formats.structured import StructuredPage
from transformer.pipeline.decode_job import DocumentPage, PageText
from transformer.pipeline.ocr_request import Document
from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.pages.page_recognizer import RecognizedPage
from transformer.structure.content.page_structure import PageStructure
from transformer.structure.remainder import without_known_words
from transformer.structure.text import page_text

Source = Literal["ocr", "embedded", "mixed"]
"""Where the text of a page comes from: its pixels, the document itself, or both."""

PAGE_SEPARATOR: Final = "\f"


class PageResult(Struct, frozen=True):
    """The result of one page; the layout is in pixels of the original page, None unless needed."""

    number: int
    """Page number in the document, from 1."""
    text: str
    confidence: float
    """Mean word confidence, 0-1; 0 with no words."""
    layout: PageLayout | None
    dpi: tuple[int, int] | None
    """Of the original page, across and down; None if unknown."""
    source: Source = "ocr"
    recognized: PageLayout | None = None
    """The part of the layout that the original page does not have as text."""
    rotation: int = 0
    """Clockwise degrees by which the page was turned to be upright."""
    skew: float = 0.0
    """Clockwise degrees by which the page was straightened in addition."""
    label: str = ""
    """What viewers of a PDF show as the page's number."""
    preparation: tuple[str, ...] = ()
    """Names of the preprocessing steps that changed the page, in order."""
    language: LanguageChoice | None = None
    """The language, if it was to be found, or if another model than the one asked for fits better."""
    warning: str = ""
    """What of its document is not read; empty if there is nothing."""
    structure: PageStructure | None = None
    """Tables, fields, headings and lists of the layout, None unless needed."""

    @property
    def details(self) -> dict[str, Any]:
        """How the page was recognized, as JSON."""
        values: dict[str, Any] = {
            "source": self.source,
            "dpi": self.dpi[0] if self.dpi and self.dpi[0] == self.dpi[1] else self.dpi,
            "rotation": self.rotation,
            "skew": round(self.skew, 2),
            "preparation": list(self.preparation),
        }
        if self.label:
            values["label"] = self.label
        if self.language is not None:
            values |= {"lang": self.language.model, "lang_confidence": self.language.confidence}
            if self.language.script:
                values["script"] = self.language.script
        if self.warnings:
            values["warnings"] = list(self.warnings)
        return values

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be known about the page, a model to install for a better result among it."""
        missing = self.language.warning if self.language else ""
        return tuple(filter(None, (missing, self.warning)))


class DocumentResult(Struct, frozen=True):
    document: Document
    pages: tuple[PageResult, ...]
    pdf: bytes = b""
    """The searchable PDF, if it was asked for."""
    warnings: tuple[str, ...] = ()
    """What is to be known about the document."""

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
    def filename(self) -> str:
        return self.document.filename

    @property
    def requested_lang(self) -> str:
        return self.document.reading.lang

    @property
    def structured(self) -> list[StructuredPage]:
        """The pages with their structure; only when the outputs need it."""
        return [
            StructuredPage(page.number, page.layout, page.structure)
            for page in self.pages
            if page.layout is not None and page.structure is not None
        ]

    @property
    def lang(self) -> str:
        """The models that its pages were recognized with, joined by ``+``."""
        found = dict.fromkeys(page.language.model for page in self.pages if page.language)
        return "+".join(found) or self.document.reading.lang

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """What is to be known about the document, models to install for better results among it; each once."""
        of_pages = (warning for page in self.pages for warning in page.warnings)
        return tuple(dict.fromkeys((*self.warnings, *of_pages)))

    @property
    def details(self) -> list[dict[str, Any]]:
        """How each page was recognized: preprocessing, rotation, and the language if it was found."""
        return [page.details for page in self.pages if page.layout is not None]

    @property
    def layouts(self) -> list[PageLayout]:
        """The pages' layouts; only when the outputs need them."""
        return [page.layout for page in self.pages if page.layout is not None]

    @property
    def numbers(self) -> list[int]:
        """The pages' numbers in the document."""
        return [page.number for page in self.pages]


def recognized_page(
    page: DocumentPage, reading: RecognizedPage, language: LanguageChoice | None, *, keeps_layout: bool
) -> PageResult:
    """The result of a page that was recognized; its layout, in pixels of the original page, only if it is kept."""
    layout = page.geometry.to_original(reading.layout) if reading.layout and keeps_layout else None
    return PageResult(
        number=page.number,
        text=reading.text,
        confidence=reading.confidence,
        layout=layout,
        dpi=page.original_dpi,
        structure=reading.structure,
        recognized=layout,
        preparation=page.steps,
        rotation=page.geometry.rotation,
        skew=page.geometry.skew,
        label=page.label,
        warning=page.warning,
        language=language,
    )


def embedded_page(page: DocumentPage, layout: PageLayout) -> PageResult:
    """A page whose text is all its own."""
    return PageResult(
        number=page.number,
        text=page_text(layout),
        confidence=mean_confidence(layout.iter_words()),
        layout=layout,
        dpi=page.original_dpi,
        source="embedded",
        label=page.label,
    )


def mixed_page(page: PageResult, embedded: PageLayout) -> PageResult:
    """A page that has text of its own in addition to what was recognized on it."""
    blocks = page.recognized.blocks if page.recognized else ()
    layout = replace(embedded, blocks=embedded.blocks + blocks)
    confidence = mean_confidence(layout.iter_words())
    source: Source = "mixed" if blocks else "embedded"
    return replace(page, text=page_text(layout), confidence=confidence, layout=layout, source=source)


def region_page(page: PageResult, embedded: PageLayout) -> PageResult:
    """A page of which regions were read from pixels, in spite of the text that it has of its own."""
    return page if page.layout is None else replace(page, recognized=without_known_words(page.layout, embedded))


def in_form(page: PageResult, form: TextForm) -> PageResult:
    """The page with its text in that form; it has its layout unless the form is the usual one."""
    if form.is_usual or page.layout is None:
        return page
    return replace(page, text=form.apply(page.text, page.layout))


def text_to_add(
    page: PageResult, *, adds_text: bool, straight: bool = False, clean: bool = False, tagged: bool = False
) -> PageText:
    """What the searchable PDF gets on a page: nothing that it has already.

    ``straight`` makes a scan straight, ``clean`` redraws it as it was prepared, and ``tagged`` tags its text.
    """
    assert page.layout is not None, "a searchable PDF needs layouts"
    layout = page.recognized if adds_text and page.recognized else replace(page.layout, blocks=())
    skew = page.skew if straight and page.source == "ocr" else 0.0
    structure = page.structure if tagged and page.source == "ocr" and layout.blocks else None
    return PageText(page.number, layout, page.rotation, skew, clean and page.source == "ocr", structure)
