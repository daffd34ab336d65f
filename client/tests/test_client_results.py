"""From a response's body to typed results."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from kserve_ocr_client.errors import InvalidResponseError, ServiceError
from kserve_ocr_client.results import Table, TableCell, parse_document, parse_page_line


def line(text: str, top: int) -> dict[str, Any]:
    words = [
        {"text": word, "bbox": [10 * number, top, 10 * number + 9, top + 12], "confidence": 0.5}
        for number, word in enumerate(text.split())
    ]
    return {"bbox": [0, top, 100, top + 12], "confidence": 0.5, "words": words}


def page(number: int, *texts: str, **more: Any) -> dict[str, Any]:
    lines = [line(text, 20 * row) for row, text in enumerate(texts)]
    blocks = [{"bbox": [0, 0, 100, 40], "paragraphs": [{"bbox": [0, 0, 100, 40], "lines": lines}]}]
    return {"page": number, "width": 100, "height": 50, "confidence": 0.5, "blocks": blocks, **more}


def body(text: str, *pages: dict[str, Any], tables: Sequence[dict[str, Any]] = (), **more: str) -> bytes:
    found = {"pages": [{"page": 1, "tables": tables}]}
    values = {
        "text": text,
        "words": json.dumps({"pages": pages}),
        "tables": json.dumps(found),
        "confidence": 0.25,
        **more,
    }
    return json.dumps({"outputs": [{"name": name, "data": [value]} for name, value in values.items()]}).encode()


def test_pages_lines_and_words() -> None:
    document = parse_document(body("one two\nthree\n\ffour\n", page(3, "one two", "three"), page(7, "four")))

    assert document.text == "one two\nthree\n\ffour\n"
    assert document.confidence == 0.25
    assert [(found.number, found.width, found.height) for found in document.pages] == [(3, 100, 50), (7, 100, 50)]
    assert [found.text for found in document.pages] == ["one two\nthree\n", "four\n"]
    assert [found.text for found in document.lines] == ["one two", "three", "four"]
    assert [word.text for word in document.words] == ["one", "two", "three", "four"]
    assert next(document.words).bbox == (0, 0, 9, 12)


def test_a_form_feed_within_a_page_leaves_its_lines() -> None:
    document = parse_document(body("one\ftwo", page(1, "one two")))

    assert [found.text for found in document.pages] == ["one two"]


def test_tables_with_cells_that_span() -> None:
    cells = [
        {"text": "Title", "bbox": [0, 0, 100, 10], "row": 0, "column": 0, "column_span": 2},
        {"text": "a", "bbox": [0, 10, 50, 20], "row": 1, "column": 0},
        {"text": "b", "bbox": [50, 10, 100, 20], "row": 1, "column": 1},
    ]
    table = {"bbox": [0, 0, 100, 20], "cells": cells}

    (found,) = parse_document(body("", page(1), tables=[table])).tables

    assert found.rows == [["Title", ""], ["a", "b"]]
    assert found.cells[0] == TableCell("Title", (0, 0, 100, 10), 0, 0, 1, 2)


def test_an_empty_table_has_no_rows() -> None:
    assert Table((0, 0, 1, 1), ()).rows == []


def test_further_outputs_are_bytes_of_a_file() -> None:
    pdf = base64.b64encode(b"%PDF-1.7 \xff").decode()

    document = parse_document(body("", page(1), pdf=pdf, hocr="<p>é</p>"), further=("pdf", "hocr", "text"))

    assert document.outputs == {"pdf": b"%PDF-1.7 \xff", "hocr": "<p>é</p>".encode(), "text": b""}


@pytest.mark.parametrize(
    "response",
    [
        b"<html>login</html>",
        b"[]",
        b'{"outputs": []}',
        b'{"outputs": [{"name": "text", "data": []}]}',
        body("", {"page": 1}),
        body("", page(1), pdf="not base64!"),
    ],
    ids=["html", "list", "no outputs", "no data", "page without size", "PDF not in base64"],
)
def test_any_other_response_is_reported(response: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="check the address"):
        parse_document(response, further=("pdf",))


def test_lines_of_a_stream() -> None:
    found = parse_page_line(json.dumps({"document": 1, "text": "one\n", **page(3, "one")}))

    assert found is not None
    assert (found.number, found.text, [word.text for word in found.words]) == (3, "one\n", ["one"])
    assert parse_page_line('{"done": true, "pages": 3}') is None
    with pytest.raises(ServiceError, match="damaged") as caught:
        parse_page_line('{"done": false, "pages": 1, "status": 422, "error": "damaged", "code": "damaged_document"}')
    assert (caught.value.status, caught.value.code) == (422, "damaged_document")
    for line in ("[]", "<html>", '{"page": 1}', '{"done": false}'):
        with pytest.raises(InvalidResponseError):
            parse_page_line(line)
