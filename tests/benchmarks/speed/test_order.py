"""The benchmark of reading order, on small pages."""

from __future__ import annotations

from benchmarks.common import images
from benchmarks.speed import order
from transformer.structure.order.page_order import order_page


def test_layouts_are_what_their_names_say() -> None:
    assert order_page(order.columns(560)).columns
    ordered = order_page(order.table(200))
    assert not ordered.columns
    assert ordered.joined_rows == 1


def test_times_are_for_a_thousand_words() -> None:
    [(name, words, milliseconds)] = order.measure({"table": order.table(100)}, rounds=2)

    assert (name, words) == ("table", 100)
    assert milliseconds > 0


def test_a_page_is_recognized_with_its_layout() -> None:
    layout, seconds = order.recognized(images.line(0))

    assert seconds > 0
    assert next(layout.iter_words()).text
