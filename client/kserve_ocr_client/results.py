"""What was read, as typed objects.

Boxes are ``(x0, y0, x1, y1)`` in pixels of the page as a viewer shows the file, origin top left, x1 and y1 exclusive.
Confidences are fractions of 1.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from kserve_ocr_client.errors import InvalidResponseError, ServiceError

Box = tuple[int, int, int, int]
PAGE_SEPARATOR: Final = "\f"


@dataclass(frozen=True, slots=True)
class Language:
    """A language that the service reads; any of its names and codes may be given as ``lang``."""

    model: str
    name: str
    native: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    bbox: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text; its words are in reading order."""

    words: tuple[Word, ...]
    bbox: Box
    confidence: float

    @property
    def text(self) -> str:
        """The words joined by spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell; ``row`` and ``column`` count from 0, spans from 1."""

    text: str
    bbox: Box
    row: int
    column: int
    row_span: int = 1
    column_span: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its cells in row order."""

    bbox: Box
    cells: tuple[TableCell, ...]

    @property
    def rows(self) -> list[list[str]]:
        """Text by row and column; a cell that spans several stands in the first, empty ones are ``""``."""
        height = max((cell.row + cell.row_span for cell in self.cells), default=0)
        width = max((cell.column + cell.column_span for cell in self.cells), default=0)
        grid = [[""] * width for _ in range(height)]
        for cell in self.cells:
            grid[cell.row][cell.column] = cell.text
        return grid


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document; ``number`` is 1-based, ``width`` and ``height`` are pixels."""

    number: int
    width: int
    height: int
    confidence: float
    text: str
    lines: tuple[Line, ...]
    tables: tuple[Table, ...]

    @property
    def words(self) -> Iterator[Word]:
        """Words in reading order."""
        return chain.from_iterable(line.words for line in self.lines)


@dataclass(frozen=True, slots=True)
class Document:
    """One document that was read.

    ``outputs`` are the further outputs that were requested (``pdf``, ``hocr`` …) as the bytes of a file.
    """

    pages: tuple[Page, ...]
    text: str
    confidence: float
    outputs: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def lines(self) -> Iterator[Line]:
        """Lines of all pages in reading order."""
        return chain.from_iterable(page.lines for page in self.pages)

    @property
    def words(self) -> Iterator[Word]:
        """Words of all pages in reading order."""
        return chain.from_iterable(page.words for page in self.pages)

    @property
    def tables(self) -> Iterator[Table]:
        """Tables of all pages in reading order."""
        return chain.from_iterable(page.tables for page in self.pages)


def parse_document(body: bytes, *, further: Sequence[str] = ()) -> Document:
    """The document in a gateway response in V2 JSON with the outputs text, words, tables, confidence and ``further``.

    Raises InvalidResponseError for anything else.
    """
    try:
        values = {output["name"]: output["data"][0] for output in json.loads(body)["outputs"]}
        text = str(values["text"])
        return Document(
            pages=_pages(
                json.loads(values["words"])["pages"],
                texts=text.split(PAGE_SEPARATOR),
                tables={page["page"]: page["tables"] for page in json.loads(values["tables"])["pages"]},
            ),
            text=text,
            confidence=float(values["confidence"]),
            outputs={name: _file_content(name, values[name]) for name in further},
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InvalidResponseError(
            f"the response is not one of kserve-ocr's ({type(error).__name__}: {error}); check the address"
        ) from error


def _file_content(name: str, value: str) -> bytes:
    if name != "pdf":
        return value.encode()
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the PDF is not base64: {error}") from error


def parse_page_line(line: str) -> Page | None:
    """The page in a line of a stream of pages; None for the last line of a stream that ended well.

    Raises ServiceError for the last line of one that failed, InvalidResponseError for anything else.
    """
    try:
        value = json.loads(line)
        if "done" not in value:
            return _page(value, str(value["text"]), ())
        if value["done"]:
            return None
        raise ServiceError(str(value["error"]), status=int(value["status"]), code=str(value["code"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidResponseError(f"the response is not one of kserve-ocr's ({error}); check the address") from error


def _pages(
    values: Sequence[Mapping[str, Any]], *, texts: Sequence[str], tables: Mapping[int, Sequence[Mapping[str, Any]]]
) -> tuple[Page, ...]:
    # A form feed within a page: the separators no longer tell pages apart, their lines still do.
    by_page: Sequence[str | None] = texts if len(texts) == len(values) else [None] * len(values)
    return tuple(_page(value, text, tables.get(value["page"], ())) for value, text in zip(values, by_page, strict=True))


def _page(value: Mapping[str, Any], text: str | None, tables: Sequence[Mapping[str, Any]]) -> Page:
    lines = tuple(
        _line(line) for block in value["blocks"] for paragraph in block["paragraphs"] for line in paragraph["lines"]
    )
    return Page(
        number=int(value["page"]),
        width=int(value["width"]),
        height=int(value["height"]),
        confidence=float(value["confidence"]),
        text="\n".join(line.text for line in lines) if text is None else text,
        lines=lines,
        tables=tuple(_table(table) for table in tables),
    )


def _box(value: Sequence[int]) -> Box:
    x0, y0, x1, y1 = value
    return int(x0), int(y0), int(x1), int(y1)


def _line(value: Mapping[str, Any]) -> Line:
    words = tuple(Word(str(word["text"]), _box(word["bbox"]), float(word["confidence"])) for word in value["words"])
    return Line(words, _box(value["bbox"]), float(value["confidence"]))


def _table(value: Mapping[str, Any]) -> Table:
    return Table(_box(value["bbox"]), tuple(_cell(cell) for cell in value["cells"]))


def _cell(value: Mapping[str, Any]) -> TableCell:
    return TableCell(
        text=str(value["text"]),
        bbox=_box(value["bbox"]),
        row=int(value["row"]),
        column=int(value["column"]),
        row_span=int(value.get("row_span", 1)),
        column_span=int(value.get("column_span", 1)),
    )
