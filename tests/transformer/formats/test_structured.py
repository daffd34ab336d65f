"""Tables and fields as JSON and CSV, and pages as Markdown, of drawn layouts."""

from __future__ import annotations

import csv
import io
import json

import pytest

from kserve_ocr.protocol.layout import Line, PageLayout
from tests.support.drawn_layouts import Pen, page, prose
from transformer.formats.markdown import escape, markdown
from transformer.formats.structured import StructuredPage, fields_json, tables_csv, tables_json
from transformer.structure.content.page_structure import analyze
from transformer.structure.order.page_order import order_page
from transformer.structure.separators import Separators

PEN = Pen(20)
ITEMS, PRICES = ["Hammer, large", 'Nails 2"', "Glue"], ["12.50", "3.00", "4.75"]


def structured(*blocks: list[Line], number: int = 1) -> StructuredPage:
    layout = order_page(page(*blocks)).layout
    return StructuredPage(number, layout, analyze(layout, Separators()))


def price_list(number: int = 1) -> StructuredPage:
    return structured(PEN.lines(ITEMS, 100, 100), PEN.lines(PRICES, 700, 100), number=number)


def test_tables_have_cells_with_places_boxes_and_texts() -> None:
    found = price_list(number=3)

    (listed,) = json.loads(tables_json([found]))["pages"]

    assert listed["page"] == 3
    (table,) = listed["tables"]
    assert (table["rows"], table["columns"]) == (3, 2)
    texts = {(cell["row"], cell["column"]): cell["text"] for cell in table["cells"]}
    assert texts == {(row, 0): text for row, text in enumerate(ITEMS)} | {(row, 1): t for row, t in enumerate(PRICES)}
    assert table["bbox"] == [100, 100, 750, 180]
    first = table["cells"][0]
    assert first["bbox"] == [100, 100, round(100 + PEN.width(ITEMS[0])), 120]
    assert (first["row_span"], first["column_span"], first["confidence"]) == (1, 1, 0.9)


def test_csv_has_the_rows_of_all_tables() -> None:
    text = tables_csv([price_list(), price_list()]).decode()

    rows = list(csv.reader(io.StringIO(text, newline="")))
    table = [list(row) for row in zip(ITEMS, PRICES, strict=True)]
    assert rows == [*table, [], *table]


def test_fields_have_labels_without_colons() -> None:
    (listed,) = json.loads(fields_json([structured([PEN.line("Name: Anna Muster", 100, 100)])]))["pages"]

    (field,) = listed["fields"]
    assert (field["label"], field["value"]) == ("Name", "Anna Muster")
    assert field["label_bbox"] == [100, 100, 150, 120]
    assert field["value_bbox"][0] > 150


def test_pages_without_structure_are_listed_empty() -> None:
    empty = PageLayout(10, 10, ())
    found = StructuredPage(1, empty, analyze(empty, Separators()))

    assert json.loads(tables_json([found])) == {"pages": [{"page": 1, "tables": []}]}
    assert json.loads(fields_json([found])) == {"pages": [{"page": 1, "fields": []}]}
    assert tables_csv([found]) == b""
    assert markdown([found]) == b""


def test_markdown_of_a_page() -> None:
    text = prose(6, width=60)
    y = 160 + 7 * PEN.leading
    found = structured(
        [Pen(44).line("The Title", 100, 60)],
        PEN.lines(text, 100, 140),
        PEN.lines(["• first item", "• second item"], 100, y),
        PEN.lines(ITEMS, 100, y + 100),
        PEN.lines(PRICES, 700, y + 100),
    )

    assert markdown([found]).decode().splitlines() == [
        "# The Title",
        "",
        *text,
        "",
        "- first item",
        "- second item",
        "",
        "| Hammer, large | 12.50 |",
        "|---|---|",
        '| Nails 2" | 3.00 |',
        "| Glue | 4.75 |",
    ]


def test_numbers_of_a_table_are_not_escaped_as_list_items() -> None:
    found = structured(PEN.lines(["1. Hammer", "2. Nails", "3. Glue"], 100, 100), PEN.lines(PRICES, 700, 100))

    assert markdown([found]).decode().splitlines()[0] == "| 1. Hammer | 12.50 |"


def test_markdown_parts_pages_by_a_rule() -> None:
    one = structured([PEN.line("one", 100, 100)])

    assert markdown([one, one]).decode() == "one\n\n---\n\none\n"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a*b_c", r"a\*b\_c"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("- no list", r"\- no list"),
        ("a | b", r"a \| b"),
        ("<tag>", r"\<tag\>"),
        ("plain 1.5", "plain 1.5"),
    ],
)
def test_what_means_something_in_markdown_is_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped
