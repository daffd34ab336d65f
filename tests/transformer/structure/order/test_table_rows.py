"""Tables and price lists, told from running text by the letters of drawn pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kserve_ocr.protocol.layout import Line
from tests.support.drawn_layouts import Pen, amounts, labels, letters_of, page, prose
from transformer.structure.order.table_rows import MOST_LETTERS, has_table_rows

PEN = Pen(20)


def is_table(*blocks: Sequence[Line], repeated: int = 1) -> bool:
    return has_table_rows(np.repeat(letters_of(page(*blocks)), repeated, axis=0))


@pytest.mark.parametrize("slope", [-0.003, 0.0, 0.003])
@pytest.mark.parametrize("size", [12, 20, 40])
def test_a_price_list_is_a_table(size: int, slope: float) -> None:
    pen = Pen(size, slope=slope)

    assert is_table(pen.lines(labels(12), 100, 100), pen.right_aligned(amounts(12), 60 * size, 100))


def test_items_of_two_lines_with_one_price_are_a_table() -> None:
    prices = PEN.right_aligned(amounts(12), 1400, 100)
    lower = [PEN.line(price.words[0].text, price.bbox[0], 100 + 60 * n) for n, price in enumerate(prices)]

    assert is_table(PEN.lines(labels(24), 100, 100), lower)


def test_a_table_of_many_columns() -> None:
    assert is_table(*(PEN.lines(amounts(12, seed=n), 100 + 300 * n, 100) for n in range(4)))


def test_running_text_is_no_table() -> None:
    assert not is_table(PEN.lines(prose(30), 100, 100))


def test_columns_of_running_text_are_no_table() -> None:
    assert not is_table(PEN.lines(prose(30), 100, 100), PEN.lines(prose(30, seed=1), 700, 100))


def test_a_few_amounts_below_a_text_are_no_table() -> None:
    below = PEN.lines(labels(8), 100, 1000), PEN.lines(amounts(8), 900, 1000)

    assert not is_table(PEN.lines(prose(30), 100, 100), *below)


def test_amounts_without_a_common_gutter_are_no_table() -> None:
    texts = [" ".join(["word"] * (3 + 3 * n)) for n in range(12)]
    ends = [100 + PEN.width(text) for text in texts]
    found = [
        PEN.line(amount, end + 80, 100 + 30 * n) for n, (amount, end) in enumerate(zip(amounts(12), ends, strict=True))
    ]

    assert not is_table(PEN.lines(texts, 100, 100), found)


def test_a_few_rows_are_no_table() -> None:
    assert not is_table(PEN.lines(labels(6), 100, 100), PEN.lines(amounts(6), 900, 100))
    assert not has_table_rows(np.zeros((0, 4)))


def test_a_long_page_is_not_measured() -> None:
    table = PEN.lines(labels(12), 100, 100), PEN.lines(amounts(12), 900, 100)

    assert not is_table(*table, repeated=MOST_LETTERS // 100)
