"""Tables and fields as JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import Struct

from kserve_ocr.protocol.layout import Line, PageLayout, Word, around, mean_confidence
from transformer.structure.content.fields import Field
from transformer.structure.content.page_structure import PageStructure
from transformer.structure.content.segments import Span, text_of, words_of
from transformer.structure.content.tables import Table


class StructuredPage(Struct, frozen=True):
    """A page with its structure; boxes are those of the layout, whatever coordinates it is in."""

    number: int
    """1-based, as the document counts."""
    layout: PageLayout
    structure: PageStructure


def tables_json(pages: Sequence[StructuredPage]) -> bytes:
    """UTF-8 JSON: ``{"pages": [{"page": 1, "tables": [{"bbox", "rows", "columns", "cells": […]}]}]}``.

    A cell has ``row``, ``column``, ``row_span``, ``column_span``, ``bbox``, ``confidence`` and ``text``; empty cells
    are left out.
    """
    return orjson.dumps({"pages": [{"page": page.number, "tables": _tables(page)} for page in pages]})


def fields_json(pages: Sequence[StructuredPage]) -> bytes:
    """UTF-8 JSON: ``{"pages": [{"page": 1, "fields": [{"label", "value", "label_bbox", "value_bbox", …}]}]}``."""
    return orjson.dumps(
        {
            "pages": [
                {
                    "page": page.number,
                    "fields": [_field(found, list(page.layout.iter_lines())) for found in page.structure.fields],
                }
                for page in pages
            ]
        }
    )


def tables_csv(pages: Sequence[StructuredPage]) -> bytes:
    """The rows of all tables as comma-separated values (RFC 4180, UTF-8), an empty line between two tables.

    The text of a cell that spans columns stands in the first of them.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    grids = [grid(table, list(page.layout.iter_lines())) for page in pages for table in page.structure.tables]
    for number, rows in enumerate(grids):
        if number:
            out.write("\r\n")
        writer.writerows(rows)
    return out.getvalue().encode()


def grid(table: Table, lines: Sequence[Line]) -> list[list[str]]:
    """The texts of a table by row and column; empty where there is no cell."""
    rows = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row][cell.column] = text_of(words_of(lines, cell.spans))
    return rows


def _tables(page: StructuredPage) -> list[dict[str, Any]]:
    lines = list(page.layout.iter_lines())
    found = []
    for table in page.structure.tables:
        cells = [
            {
                "row": cell.row,
                "column": cell.column,
                "row_span": cell.row_span,
                "column_span": cell.column_span,
                **_content(cell.spans, lines),
            }
            for cell in table.cells
        ]
        box = around(cell["bbox"] for cell in cells)
        found.append({"bbox": box, "rows": table.rows, "columns": table.columns, "cells": cells})
    return found


def _content(spans: Sequence[Span], lines: Sequence[Line]) -> dict[str, Any]:
    words = words_of(lines, spans)
    return {"bbox": _box(words), "confidence": round(mean_confidence(words), 4), "text": text_of(words)}


def _field(field: Field, lines: Sequence[Line]) -> dict[str, Any]:
    label, value = words_of(lines, field.label), words_of(lines, field.value)
    return {
        "label": text_of(label).rstrip(": "),
        "value": text_of(value),
        "label_bbox": _box(label),
        "value_bbox": _box(value),
        "confidence": round(mean_confidence([*label, *value]), 4),
    }


def _box(words: Sequence[Word]) -> tuple[int, int, int, int]:
    return around(word.bbox for word in words)
