"""Every output that is made of one document: its name, what it needs, how it is called elsewhere, how it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, Protocol

from msgspec import Struct

from kserve_ocr.protocol import names
from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.alto import alto
from transformer.formats.hocr import hocr
from transformer.formats.markdown import markdown
from transformer.formats.page_xml import page_xml
from transformer.formats.structured import StructuredPage, fields_json, tables_csv, tables_json
from transformer.formats.tsv import tsv
from transformer.formats.words_json import words_json


class RecognizedDocument(Protocol):
    """What outputs are made of."""

    @property
    def text(self) -> str: ...

    @property
    def confidence(self) -> float: ...

    @property
    def numbers(self) -> list[int]:
        """The pages' numbers in the document."""

    @property
    def layouts(self) -> list[PageLayout]: ...

    @property
    def structured(self) -> list[StructuredPage]: ...

    @property
    def details(self) -> list[dict[str, Any]]:
        """How each page was recognized."""

    @property
    def pdf(self) -> bytes:
        """The searchable PDF."""

    @property
    def filename(self) -> str: ...

    @property
    def requested_lang(self) -> str: ...


class Output(Struct, frozen=True, kw_only=True):
    """An output with one value a document."""

    name: str
    make: Callable[[RecognizedDocument], Any]
    datatype: str = "BYTES"
    """Of the V2 protocol."""
    needs: Literal["text", "layout", "structure"] = "text"
    media_types: tuple[str, ...] = ()
    """Values of ``Accept`` for which the response is this output by itself."""
    suffix: str = ""
    """Of its file in a ZIP archive; empty if it is no file."""


def _markup(write: Callable[..., bytes], read: RecognizedDocument) -> str:
    """hOCR or ALTO of a document, with the name of its file."""
    return write(read.layouts, title=read.filename, lang=read.requested_lang, numbers=read.numbers).decode()


OUTPUTS: Final = (
    Output(name=names.TEXT, make=lambda read: read.text, media_types=("text/plain",), suffix=".txt"),
    Output(name=names.TEXT_ALIAS, make=lambda read: read.text, suffix=".txt"),
    Output(name=names.CONFIDENCE, make=lambda read: round(read.confidence, 4), datatype="FP32"),
    Output(name=names.PAGES, make=lambda read: len(read.numbers), datatype="INT32"),
    Output(
        name=names.WORDS,
        make=lambda read: words_json(read.layouts, numbers=read.numbers, details=read.details).decode(),
        needs="layout",
        suffix=".words.json",
    ),
    Output(
        name=names.TSV,
        make=lambda read: tsv(read.layouts, numbers=read.numbers).decode(),
        needs="layout",
        media_types=("text/tab-separated-values",),
        suffix=".tsv",
    ),
    Output(
        name=names.HOCR,
        make=partial(_markup, hocr),
        needs="layout",
        media_types=("text/html", "text/vnd.hocr+html", "application/hocr+xml"),
        suffix=".hocr.html",
    ),
    Output(
        name=names.ALTO,
        make=partial(_markup, alto),
        needs="layout",
        media_types=("application/alto+xml", "application/vnd.alto+xml", "application/xml", "text/xml"),
        suffix=".alto.xml",
    ),
    Output(
        name=names.PAGE_XML,
        make=lambda read: page_xml(read.layouts, title=read.filename).decode(),
        needs="layout",
        media_types=("application/vnd.prima.page+xml",),
        suffix=".page.xml",
    ),
    Output(name=names.PDF, make=lambda read: read.pdf, needs="layout", media_types=("application/pdf",), suffix=".pdf"),
    Output(
        name=names.TABLES,
        make=lambda read: tables_json(read.structured).decode(),
        needs="structure",
        suffix=".tables.json",
    ),
    Output(
        name=names.FIELDS,
        make=lambda read: fields_json(read.structured).decode(),
        needs="structure",
        suffix=".fields.json",
    ),
    Output(
        name=names.MARKDOWN,
        make=lambda read: markdown(read.structured).decode(),
        needs="structure",
        media_types=("text/markdown",),
        suffix=".md",
    ),
    Output(
        name=names.CSV,
        make=lambda read: tables_csv(read.structured).decode(),
        needs="structure",
        media_types=("text/csv",),
        suffix=".csv",
    ),
)
BY_NAME: Final = {output.name: output for output in OUTPUTS}
