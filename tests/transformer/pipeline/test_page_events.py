"""Pages in the order of the request, in whatever order they are recognized."""

from __future__ import annotations

import random

import pytest

from transformer.pipeline.page_events import InOrder, PageEvent
from transformer.pipeline.results import PageResult


def page(number: int) -> PageResult:
    return PageResult(number, f"text {number}", 0.5, None, None)


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_events(seed: int) -> None:
    sizes = [3, 1, 0, 4]
    events = [PageEvent(d, i, page(10 * d + i)) for d, size in enumerate(sizes, 1) for i in range(size)]
    events += [PageEvent(d, size, None) for d, size in enumerate(sizes, 1)]
    random.Random(seed).shuffle(events)
    in_order = InOrder()

    found = [(document, result.number) for event in events for document, result in in_order.add(event)]

    assert found == [(d, 10 * d + i) for d, size in enumerate(sizes, 1) for i in range(size)]


def test_a_page_comes_as_soon_as_its_turn_has_come() -> None:
    in_order = InOrder()

    assert list(in_order.add(PageEvent(1, 1, page(2)))) == []
    assert [result.number for _, result in in_order.add(PageEvent(1, 0, page(1)))] == [1, 2]
