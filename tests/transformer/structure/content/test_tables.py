"""Tables in drawn layouts, at many gaps and sizes."""

from __future__ import annotations

import pytest

from kserve_ocr.protocol.layout import PageLayout
from tests.support.drawn_layouts import Pen, amounts, labels, page, prose
from transformer.structure.content.segments import segmented, text_of, words_of
from transformer.structure.content.tables import Table, find_tables
from transformer.structure.order.page_order import order_page
from transformer.structure.separators import Separators

PEN = Pen(20)


def tables_of(layout: PageLayout, rules: Separators | None = None) -> tuple[PageLayout, list[Table]]:
    ordered = order_page(layout).layout
    return ordered, find_tables(segmented(ordered), rules or Separators())


def grid(layout: PageLayout, table: Table) -> list[list[str]]:
    """The texts of the cells by row and column."""
    lines = list(layout.iter_lines())
    rows = [["" for _ in range(table.columns)] for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row][cell.column] = text_of(words_of(lines, cell.spans))
    return rows


@pytest.mark.parametrize("gap", [1.5, 4.0, 20.0])
@pytest.mark.parametrize("size", [9, 20, 64])
@pytest.mark.parametrize("rows", [3, 12])
def test_a_table_of_three_columns(rows: int, size: int, gap: float) -> None:
    pen = Pen(size)
    items, counts, prices = labels(rows), amounts(rows, seed=1), amounts(rows, seed=2)
    second = 100 + max(map(pen.width, items)) + gap * size
    right = second + max(map(pen.width, counts)) + gap * size + max(map(pen.width, prices))
    layout, (table,) = tables_of(
        page(pen.lines(items, 100, 100), pen.lines(counts, second, 100), pen.right_aligned(prices, right, 100))
    )

    assert grid(layout, table) == [list(row) for row in zip(items, counts, prices, strict=True)]


def test_empty_cells_are_left_out() -> None:
    items, prices = labels(6), amounts(6)
    kept = [number for number in range(6) if number != 2]
    layout, (table,) = tables_of(
        page(
            PEN.lines(items, 100, 100),
            [PEN.line(prices[number], 600, 100 + number * PEN.leading) for number in kept],
        )
    )

    expected = [
        [item, price if number != 2 else ""] for number, (item, price) in enumerate(zip(items, prices, strict=True))
    ]
    assert grid(layout, table) == expected


def test_a_heading_over_two_columns_spans_them() -> None:
    y = 100 + PEN.leading
    _, (table,) = tables_of(
        page(
            [PEN.line("first", 100, 100), PEN.line("a heading over both of them", 390, 100)],
            PEN.lines(labels(5), 100, y),
            PEN.lines(amounts(5), 400, y),
            PEN.lines(amounts(5, seed=1), 600, y),
        )
    )

    (heading,) = [cell for cell in table.cells if cell.column_span > 1]
    assert (heading.row, heading.column, heading.column_span) == (0, 1, 2)


def test_rules_make_rows_of_several_lines() -> None:
    items = [["alpha one", "alpha two"], ["beta one", "beta two"], ["gamma one", "gamma two"]]
    left, right, rules = [], [], [90]
    for number, pair in enumerate(items):
        y = 100 + number * 100
        left += [PEN.line(pair[0], 100, y), PEN.line(pair[1], 100, y + 30)]
        right += [PEN.line("12.50", 600, y), PEN.line("pieces", 600, y + 30)]
        rules.append(y + 80)
    separators = Separators(horizontal=tuple((80, y, 720, y + 2) for y in rules))

    layout, (table,) = tables_of(page(left, right), separators)

    assert grid(layout, table) == [[" ".join(pair), "12.50 pieces"] for pair in items]


def test_text_above_and_below_is_not_part_of_the_table() -> None:
    top = prose(4, width=70)
    y = 100 + 5 * PEN.leading
    bottom = y + 7 * PEN.leading
    layout, (table,) = tables_of(
        page(
            PEN.lines(top, 100, 100),
            PEN.lines(labels(5), 100, y),
            PEN.lines(amounts(5), 700, y),
            PEN.lines(prose(4, width=70, seed=1), 100, bottom),
        )
    )

    assert (table.first, table.last) == (4, 8)
    assert grid(layout, table)[0] == [labels(5)[0], amounts(5)[0]]


def test_two_tables_far_apart_are_two() -> None:
    _, found = tables_of(
        page(
            PEN.lines(labels(4), 100, 100),
            PEN.lines(amounts(4), 600, 100),
            PEN.lines(labels(4, seed=9), 100, 900),
            PEN.lines(amounts(4, seed=9), 600, 900),
        )
    )

    assert [table.rows for table in found] == [4, 4]


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_running_text_is_no_table(columns: int) -> None:
    _, found = tables_of(page(*(PEN.lines(prose(12, seed=n), 100 + 520 * n, 100) for n in range(columns))))

    assert found == []


def test_a_page_without_words_has_no_tables() -> None:
    assert find_tables(segmented(PageLayout(10, 10, ())), Separators()) == []


def spans(layout: PageLayout, table: Table) -> dict[str, tuple[int, int, int, int]]:
    """Row, column, row span and column span of each cell, by its text."""
    lines = list(layout.iter_lines())
    return {
        text_of(words_of(lines, cell.spans)): (cell.row, cell.column, cell.row_span, cell.column_span)
        for cell in table.cells
    }


def ruled_groups(*, grouped: bool) -> tuple[PageLayout, Separators]:
    """A heading over two columns and two groups of two rows; rules leave out what spans them if ``grouped``."""
    pen, step, left, right = PEN, 60, 90, 900
    cells = [pen.line("Part", 110, 100 - step), pen.line("Size", 560 if grouped else 700, 100 - step)]
    for group, name in enumerate(("Bolts", "Nuts")):
        top = 100 + step + 2 * step * group
        cells.append(pen.line(name, 110, top + step / 2))
        for row in range(2):
            cells += [pen.line(f"{group}{row}.{x // 10}", x, top + step * row) for x in (420, 700)]
    cells += [pen.line("inch", 420, 100), pen.line("metric", 700, 100)]
    lows = [30 + step * row for row in range(7)]
    partial = {1: 360, 3: 360, 5: 360} if grouped else {}
    horizontal = tuple((partial.get(row, left), y, right, y + 2) for row, y in enumerate(lows))
    middle = lows[1] if grouped else lows[0]
    vertical = tuple((x, top, x + 2, lows[-1]) for x, top in ((left, 30), (360, 30), (620, middle), (right, 30)))
    return page(*[[cell] for cell in cells]), Separators(horizontal, vertical)


def test_rules_say_which_cells_span_rows_and_columns() -> None:
    layout, rules = ruled_groups(grouped=True)

    layout, (table,) = tables_of(layout, rules)

    found = spans(layout, table)
    assert (table.rows, table.columns) == (6, 3)
    assert found["Part"] == (0, 0, 2, 1)
    assert found["Size"] == (0, 1, 1, 2)
    assert found["Bolts"] == (2, 0, 2, 1)
    assert found["Nuts"] == (4, 0, 2, 1)
    assert found["inch"] == (1, 1, 1, 1)
    assert found["11.42"] == (5, 1, 1, 1)


def test_a_heading_between_two_columns_spans_them_without_any_rule() -> None:
    layout, _ = ruled_groups(grouped=True)

    layout, (table,) = tables_of(layout)

    assert table.columns == 3
    assert spans(layout, table)["Size"] == (0, 1, 1, 2)


def test_cells_of_a_full_grid_span_nothing() -> None:
    layout, rules = ruled_groups(grouped=False)

    _, (table,) = tables_of(layout, rules)

    assert {(cell.row_span, cell.column_span) for cell in table.cells} == {(1, 1)}
