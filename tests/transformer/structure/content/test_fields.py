from __future__ import annotations

import pytest

from kserve_ocr.protocol.layout import Line
from tests.support.drawn_layouts import Pen, page, prose
from transformer.structure.content.fields import find_fields
from transformer.structure.content.segments import segmented, text_of, words_of
from transformer.structure.order.page_order import order_page

PEN = Pen(20)


def fields_of(*blocks: list[Line]) -> list[tuple[str, str]]:
    layout = order_page(page(*blocks)).layout
    lines = list(layout.iter_lines())
    return [
        (text_of(words_of(lines, field.label)), text_of(words_of(lines, field.value)))
        for field in find_fields(segmented(layout))
    ]


def test_a_label_with_a_colon_and_its_value_in_one_text() -> None:
    assert fields_of([PEN.line("Invoice number: RE 974-2", 100, 100)]) == [("Invoice number:", "RE 974-2")]


@pytest.mark.parametrize("gap", [40, 200, 900])
def test_labels_in_a_column_and_values_in_another(gap: int) -> None:
    names, values = ["Name:", "Date of birth:", "Place:"], ["Anna Muster", "12.03.1984", "Bern"]

    found = fields_of(PEN.lines(names, 100, 100), PEN.lines(values, 260 + gap, 100))

    assert found == list(zip(names, values, strict=True))


def test_two_fields_in_one_row() -> None:
    row = [PEN.line("Name: Anna", 100, 100), PEN.line("Date: 12.03.", 600, 100)]

    assert fields_of([row[0]], [row[1]]) == [("Name:", "Anna"), ("Date:", "12.03.")]


def test_a_value_below_its_label() -> None:
    assert fields_of(PEN.lines(["Address:", "Bahnhofstrasse 3"], 100, 100)) == [("Address:", "Bahnhofstrasse 3")]


def test_a_label_without_a_value_is_no_field() -> None:
    assert fields_of(PEN.lines(["Signature:", "Date:"], 100, 100)) == []


@pytest.mark.parametrize("amount", ["12.50", "$ 1,204.00", "-3.20", "99 %", "1'200.— CHF", "4.20€"])
def test_receipts_have_texts_and_amounts(amount: str) -> None:
    assert fields_of([PEN.line("Total paid", 100, 100)], [PEN.line(amount, 700, 100)])[-1:] == (
        [("Total paid", amount)] if "—" not in amount else []
    )


@pytest.mark.parametrize("text", ["at 12:30 we left", "see https://example.org/a", *prose(3)])
def test_running_text_has_no_fields(text: str) -> None:
    assert fields_of([PEN.line(text, 100, 100)]) == []
