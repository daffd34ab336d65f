"""Reading order of drawn receipts and forms, at many gaps and sizes in heights of letters."""

from __future__ import annotations

import pytest

from tests.support.drawn_layouts import Pen, amounts, labels, page, texts
from transformer.structure.order.page_order import order_page


@pytest.mark.parametrize("gap", [1.0, 3.0, 12.0, 40.0])
@pytest.mark.parametrize("size", [9, 20, 64])
def test_a_receipt_is_read_row_by_row_below_its_heading(size: int, gap: float) -> None:
    pen = Pen(size)
    items, prices = labels(10), amounts(10)
    right = 100 + max(map(pen.width, items)) + gap * size + max(map(pen.width, prices))
    below = 100 + 13 * pen.leading
    layout = page(
        pen.lines(["green grocer", "mill road 4"], 100 + size, 100),
        pen.right_aligned([*prices, "99.50"], right, 100 + 3 * pen.leading),
        pen.lines([*items, "Total"], 100, 100 + 3 * pen.leading),
        pen.lines(["thank you"], 100 + size, below + 2 * pen.leading),
    )

    expected = [
        "green grocer",
        "mill road 4",
        *map(" ".join, zip(items, prices, strict=True)),
        "Total 99.50",
        "thank you",
    ]
    assert texts(order_page(layout).layout) == expected


@pytest.mark.parametrize("gap", [1.0, 3.0, 12.0, 40.0])
@pytest.mark.parametrize("size", [9, 20, 64])
def test_two_pairs_of_label_and_value_side_by_side_are_one_row_of_a_form(size: int, gap: float) -> None:
    pen = Pen(size)
    cells = [labels(7, seed=1), amounts(7, seed=2), labels(7, seed=3), amounts(7, seed=4)]
    blocks, left = [], 100.0
    for texts_of_cell in cells:
        blocks.append(pen.lines(texts_of_cell, left, 100))
        left += max(map(pen.width, texts_of_cell)) + gap * size
    layout = page(blocks[0], blocks[2], blocks[1], blocks[3])

    assert texts(order_page(layout).layout) == [" ".join(row) for row in zip(*cells, strict=True)]
