"""From the pages read of each document to the values of the outputs that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kserve_ocr.protocol import names
from transformer.formats.alto import alto
from transformer.formats.hocr import hocr
from transformer.formats.pdf.writer import PdfPage, pdf
from transformer.formats.tsv import tsv
from transformer.formats.words_json import words_json
from transformer.pipeline.ocr_request import OUTPUTS
from transformer.pipeline.results import DocumentResult


def _pdf(read: DocumentResult) -> bytes:
    return pdf(
        PdfPage(page.layout, page.image, page.dpi)
        for page in read.pages
        if page.layout is not None and page.image is not None
    )


_MAKERS: Final[dict[str, Callable[[DocumentResult], Any]]] = {
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


def make(outputs: Sequence[str], documents: Sequence[DocumentResult]) -> dict[str, tuple[str, list[Any]]]:
    """``{name: (datatype, one value a document)}`` for the outputs, in their order."""
    return {name: (OUTPUTS[name], [_MAKERS[name](read) for read in documents]) for name in outputs}
