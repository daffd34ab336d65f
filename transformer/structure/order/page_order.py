"""The reading order of a recognized page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

from msgspec import Struct

from kserve_ocr.protocol.layout import Line, PageLayout
from transformer.structure.order.phrases import PhraseBuilder, is_right_to_left, is_vertical
from transformer.structure.order.reading_order import ReadingOrder
from transformer.structure.order.rebuild import engine_lines, keeps_order, rebuild
from transformer.structure.separators import NO_SEPARATORS, Separators

Order = Literal["auto", "rows", "columns", "engine"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)


class OrderedPage(Struct, frozen=True):
    """A page in reading order."""

    layout: PageLayout
    changed: bool
    """Whether the order or the lines differ from the engine's."""
    columns: bool = False
    """Whether text stands in columns."""
    joined_rows: float = 0.0
    """Share of rows that join several lines of the engine."""


def fall_of(lines: Iterable[Line]) -> float:
    """Pixels by which all lines together lead down, negative if they lead up; 0 where they are level, not steep."""
    across = down = steepness = 0.0
    for line in lines:
        x0, y0, x1, y1 = line.baseline
        across += abs(x1 - x0)
        steepness += abs(y1 - y0)
        down += y1 - y0
    return down if steepness > across else 0.0


def order_page(layout: PageLayout, *, order: Order = "auto", separators: Separators = NO_SEPARATORS) -> OrderedPage:
    """Put the lines of a page as the engine found them into reading order.

    ``layout`` and ``separators`` are in pixels of the recognized page, where lines are level. ``rows`` reads straight
    across every gap, ``columns`` reads down beside every gap; ``engine`` keeps the order as it is, and so does every
    order where text is vertical or the page lies on its side;
    ``auto`` reads down only columns of running text. Lines side by side become one line; a line that runs across
    columns is cut. Takes time about linear in words.
    """
    words = [word for line in layout.iter_lines() for word in line.words]
    if order == "engine" or not words or is_vertical(words) or fall_of(layout.iter_lines()):
        return OrderedPage(layout, changed=False)
    builder = PhraseBuilder(layout, mirrored=is_right_to_left(words))
    reading = ReadingOrder(
        builder.scale,
        horizontal=[builder.horizontal_rule(box) for box in separators.horizontal],
        vertical=[builder.vertical_rule(box) for box in separators.vertical],
        order=order,
    )
    leaves = reading.leaves(builder.phrases())
    groups = [leaf.rows for leaf in leaves]
    lines = engine_lines(layout)
    rows = [row for group in groups for row in group]
    joined = sum(len(row.parts) > 1 for row in rows) / len(rows)
    columns = any(leaf.column for leaf in leaves)
    if keeps_order(groups, lines):
        return OrderedPage(layout, changed=False, columns=columns, joined_rows=joined)
    return OrderedPage(rebuild(layout, groups, lines), changed=True, columns=columns, joined_rows=joined)
