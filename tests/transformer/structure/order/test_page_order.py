"""Reading order of drawn layouts of every kind, at many gaps and sizes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around
from tests.support.drawn_layouts import Pen, amounts, labels, page, prose, texts
from transformer.structure.order.page_order import Order, OrderedPage, fall_of, order_page
from transformer.structure.separators import Separators

SIZES = [9, 20, 64]
COLUMN_GAPS = [0.7, 1.0, 2.0, 6.0]
"""Widths of gutters, heights of letters."""
ROW_GAPS = [1.0, 3.0, 12.0, 40.0]
"""Gaps between the cells of rows, heights of letters."""


def read(layout: PageLayout, *, order: Order = "auto", separators: Separators | None = None) -> list[str]:
    ordered = order_page(layout, order=order, separators=separators or Separators())
    assert sorted(word.text for word in ordered.layout.iter_words()) == sorted(
        word.text for word in layout.iter_words()
    ), "no word may be lost or invented"
    return texts(ordered.layout)


def rows(*columns: list[str]) -> list[str]:
    return [" ".join(cells) for cells in zip(*columns, strict=True)]


# ------------------------------------------------------------------ rows


@pytest.mark.parametrize("gap", ROW_GAPS)
@pytest.mark.parametrize("size", SIZES)
def test_labels_and_values_are_read_along_the_row(size: int, gap: float) -> None:
    pen = Pen(size)
    names, values = labels(8), amounts(8)
    right = 100 + max(map(pen.width, names)) + gap * size + max(map(pen.width, values))
    layout = page(pen.lines(names, 100, 100), pen.right_aligned(values, right, 100))

    assert read(layout) == rows(names, values)


@pytest.mark.parametrize("gap", ROW_GAPS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("width", [24, 50])
def test_descriptions_and_prices_are_read_along_the_row(size: int, gap: float, width: int) -> None:
    pen = Pen(size)
    items, counts, prices = prose(20, width=width), amounts(20, seed=1), amounts(20, seed=2)
    second = 100 + max(map(pen.width, items)) + gap * size
    third = second + max(map(pen.width, counts)) + gap * size
    layout = page(pen.lines(items, 100, 100), pen.lines(counts, second, 100), pen.lines(prices, third, 100))

    assert read(layout) == rows(items, counts, prices)


def test_cells_may_be_missing_anywhere_in_a_table() -> None:
    pen = Pen()
    items, prices = labels(9), amounts(9)
    kept = [number for number in range(9) if number % 3]
    layout = page(
        pen.lines(items, 100, 100),
        [pen.line(prices[number], 900, 100 + number * pen.leading) for number in kept],
    )

    cells = enumerate(zip(items, prices, strict=True))
    expected = [f"{item} {price}" if number % 3 else item for number, (item, price) in cells]
    assert read(layout) == expected


def test_a_value_that_stands_a_little_lower_belongs_to_the_nearest_row() -> None:
    pen = Pen()
    names, values = labels(6), amounts(6)
    layout = page(pen.lines(names, 100, 100), pen.lines(values, 700, 100 + 0.25 * pen.size))

    assert read(layout) == rows(names, values)


@pytest.mark.parametrize("slope", [-0.02, -0.005, 0.005, 0.02])
def test_rows_that_lean_are_joined(slope: float) -> None:
    pen = Pen(slope=slope)
    names, values = prose(12, width=25), amounts(12)
    layout = page(pen.lines(names, 100, 300), pen.lines(values, 1500, 300))

    assert read(layout) == rows(names, values)


@pytest.mark.parametrize("slope", [-0.03, 0.03])
def test_rows_of_single_words_that_lean_are_joined(slope: float) -> None:
    pen = Pen(slope=slope)
    names, values = [text.replace(" ", "") for text in prose(8, width=14)], amounts(8)
    layout = page(pen.lines(names, 100, 300), pen.lines(values, 900, 300))

    assert read(layout) == rows(names, values)


def test_rows_of_different_type_sizes_are_joined() -> None:
    small, large = Pen(20), Pen(30)
    layout = page([small.line("Total", 100, 110)], [large.line("12.50", 900, 102)])

    assert read(layout) == ["Total 12.50"]


# ------------------------------------------------------------------ columns


@pytest.mark.parametrize("gap", COLUMN_GAPS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("columns", [2, 3, 5])
def test_columns_of_running_text_are_read_down(columns: int, size: int, gap: float) -> None:
    pen = Pen(size)
    parts = [prose(24, width=32, seed=number) for number in range(columns)]
    step = max(pen.width(text) for part in parts for text in part) + gap * size
    layout = page(*(pen.lines(part, 100 + number * step, 100) for number, part in enumerate(parts)))

    assert read(layout) == [text for part in parts for text in part]


@pytest.mark.parametrize("leading", [1.3, 1.7, 2.2])
def test_columns_with_other_leading_are_read_down(leading: float) -> None:
    pen = Pen()
    left, right = prose(20), prose(20, seed=1)
    layout = page(pen.lines(left, 100, 100), pen.lines(right, 1000, 107, leading=leading * pen.size))

    assert read(layout) == left + right


def test_the_engines_order_of_columns_does_not_matter() -> None:
    pen = Pen()
    left, right = prose(12), prose(12, seed=1)
    layout = page(
        pen.lines(right[:6], 1000, 100),
        pen.lines(left, 100, 100),
        pen.lines(right[6:], 1000, 100 + 6 * pen.leading),
    )

    assert read(layout) == left + right


def test_lines_that_the_engine_joined_across_a_gutter_are_cut() -> None:
    pen = Pen()
    left, right = prose(14, width=30), prose(14, width=30, seed=1)
    joined = []
    for number, (first, second) in enumerate(zip(left, right, strict=True)):
        y = 100 + number * pen.leading
        parts = pen.line(first, 100, y), pen.line(second, 480, y)
        words = (*parts[0].words, *parts[1].words)
        joined.append(Line(around(word.bbox for word in words), words, (100, y + 20, 900, y + 20), 20))

    ordered = order_page(page(joined)).layout

    assert texts(ordered) == left + right
    for line in ordered.iter_lines():
        assert line.bbox == around(word.bbox for word in line.words)
        assert line.baseline[0] == line.bbox[0]
        assert line.baseline[2] == line.bbox[2]
        assert line.baseline[1] == line.baseline[3]


@pytest.mark.parametrize("lean", [0.01, 0.02])
def test_a_narrow_gutter_may_lean(lean: float) -> None:
    pen = Pen()
    left, right = prose(60), prose(60, seed=1)
    width = max(map(pen.width, left)) + 0.9 * pen.size
    layout = page(
        [
            pen.line(text, 100 + lean * number * pen.leading, 100 + number * pen.leading)
            for number, text in enumerate(left)
        ],
        [
            pen.line(text, 100 + width + lean * number * pen.leading, 100 + number * pen.leading)
            for number, text in enumerate(right)
        ],
    )

    assert read(layout) == left + right


def test_headings_over_columns_are_read_before_both() -> None:
    pen, large = Pen(), Pen(44)
    left, right = prose(15), prose(15, seed=1)
    layout = page(
        [large.line("the news of this day and of every other day", 100, 20)],
        pen.lines(left, 100, 120),
        pen.lines(right, 620, 120),
        pen.lines(["this line of the foot runs below both of the columns of the page"], 300, 160 + 15 * pen.leading),
    )

    assert read(layout) == texts(layout)


def test_columns_above_and_below_a_heading_are_separate() -> None:
    pen, large = Pen(), Pen(30)
    parts = [prose(12, seed=number) for number in range(4)]
    heading = "a heading in the middle of the page that runs over both columns"
    below = 100 + 12 * pen.leading + 100
    layout = page(
        pen.lines(parts[0], 100, 100),
        pen.lines(parts[2], 100, below),
        pen.lines(parts[1], 620, 100),
        pen.lines(parts[3], 620, below),
        [large.line(heading, 100, 100 + 12 * pen.leading + 30)],
    )

    assert read(layout) == [*parts[0], *parts[1], heading, *parts[2], *parts[3]]


def test_columns_go_on_below_a_picture() -> None:
    pen = Pen()
    left, right = prose(20), prose(20, seed=1)
    short = [text[:14].strip() + "x" for text in right[8:12]]
    layout = page(
        pen.lines(left, 100, 100),
        pen.lines(right[:8], 1000, 100),
        pen.lines(short, 1200, 100 + 8 * pen.leading),
        pen.lines(right[12:], 1000, 100 + 12 * pen.leading),
    )

    assert read(layout) == [*left, *right[:8], *short, *right[12:]]


def test_numbers_of_lines_do_not_make_rows_of_columns() -> None:
    pen = Pen()
    left, right = prose(20), prose(20, seed=1)
    numbers = [str(5 * number) for number in range(1, 5)]
    layout = page(
        pen.lines(left, 100, 100),
        [pen.line(text, 920, 100 + 5 * number * pen.leading) for number, text in enumerate(numbers)],
        pen.lines(right, 1000, 100),
    )

    found = read(layout)

    without = [" ".join(word for word in text.split() if not word.isdigit()) for text in found]
    assert [text for text in without if text] == left + right


# ------------------------------------------------------------------ rules


def newspaper(gap: float) -> tuple[PageLayout, Separators, list[str]]:
    """Three columns above a rule across the page and three below it, their gutters in line."""
    pen = Pen()
    upper = [prose(20, seed=number) for number in range(3)]
    lower = [prose(15, seed=10 + number) for number in range(3)]
    step = max(pen.width(text) for part in upper + lower for text in part) + gap * pen.size
    middle = 100 + 20 * pen.leading + 10
    layout = page(
        *(
            [*pen.lines(first, 100 + n * step, 100), *pen.lines(second, 100 + n * step, middle + 15)]
            for n, (first, second) in enumerate(zip(upper, lower, strict=True))
        )
    )
    right = round(100 + 3 * step)
    rules = Separators(
        horizontal=((90, round(middle) - 2, right, round(middle) + 2),),
        vertical=tuple(
            (x - 1, 100, x + 1, round(middle)) for n in (1, 2) for x in [round(100 + n * step - gap * pen.size / 2)]
        ),
    )
    return layout, rules, [text for part in (*upper, *lower) for text in part]


@pytest.mark.parametrize("gap", [0.35, 0.6, 1.0, 2.0])
def test_a_rule_across_the_page_parts_columns_above_it_from_those_below(gap: float) -> None:
    layout, rules, expected = newspaper(gap)

    assert read(layout, separators=rules) == expected


def test_without_the_rule_the_same_columns_are_read_to_the_foot() -> None:
    layout, _, expected = newspaper(1.0)

    assert read(layout) == texts(layout) != expected


def test_columns_are_parted_without_a_rule_where_the_engine_parts_them() -> None:
    layout, _, expected = newspaper(1.0)
    blocks = [block.paragraphs[0].lines for block in layout.blocks]
    parted = page(*(lines[:20] for lines in blocks), *(lines[20:] for lines in blocks))

    assert read(parted) == expected


def test_a_short_rule_between_two_articles_of_a_column_parts_nothing() -> None:
    pen = Pen()
    left, right = prose(20), prose(20, seed=1)
    layout = page(pen.lines(left, 100, 100), pen.lines(right, 1000, 100))
    y = round(100 + 10 * pen.leading - 5)

    assert read(layout, separators=Separators(horizontal=((250, y, 500, y + 2),))) == left + right


def test_rules_of_a_table_do_not_change_its_rows() -> None:
    pen = Pen()
    items, prices = prose(12, width=30), amounts(12)
    layout = page(pen.lines(items, 100, 100), pen.lines(prices, 700, 100))
    between = [round(100 + number * pen.leading - 5) for number in range(13)]
    rules = Separators(
        horizontal=tuple((90, y, 900, y + 2) for y in between),
        vertical=tuple((x, between[0], x + 2, between[-1]) for x in (90, 650, 900)),
    )

    assert read(layout, separators=rules) == rows(items, prices)


def test_small_boxes_beside_a_title_are_not_rows() -> None:
    pen, title = Pen(14), Pen(90)
    body = Pen(20)
    left, right = prose(5, width=16), prose(5, width=16, seed=1)
    layout = page(
        pen.lines(left, 100, 100),
        [title.line("The Times", 600, 110)],
        pen.lines(right, 1600, 100),
        body.lines(prose(30, width=80, seed=2), 100, 400),
    )

    assert read(layout) == texts(layout)


# ------------------------------------------------------------------ scripts


def mirrored(layout: PageLayout, letters: str) -> PageLayout:
    """The page as in a mirror, its words spelled with other letters."""
    table = str.maketrans(dict(zip("abcdefghiklmnoprstuvwz", letters, strict=False)))

    def turned(line: Line) -> Line:
        words = tuple(
            Word(
                word.text.translate(table), (4000 - word.bbox[2], word.bbox[1], 4000 - word.bbox[0], word.bbox[3]), 0.9
            )
            for word in line.words
        )
        box = around(word.bbox for word in words)
        return Line(box, words, (box[0], box[3], box[2], box[3]), line.height)

    return page(*([turned(line) for line in block.paragraphs[0].lines] for block in layout.blocks))


HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"


def test_right_to_left_columns_begin_with_the_right_one() -> None:
    pen = Pen()
    layout = mirrored(page(pen.lines(prose(15), 100, 100), pen.lines(prose(15, seed=1), 1000, 100)), HEBREW)
    swapped = PageLayout(layout.width, layout.height, layout.blocks[::-1])

    assert read(swapped) == texts(layout)


def test_right_to_left_rows_begin_with_the_right_cell() -> None:
    pen = Pen()
    names, values = labels(8), amounts(8)
    layout = mirrored(page(pen.lines(values, 800, 100), pen.lines(names, 100, 100)), HEBREW)
    joined = [f"{name} {value}" for value, name in zip(texts(layout)[:8], texts(layout)[8:], strict=True)]

    assert read(layout) == joined


def test_words_of_a_line_of_mixed_direction_keep_the_engines_order() -> None:
    words = (
        Word("שלום", (500, 100, 600, 130), 0.9),
        Word("hello", (300, 100, 380, 130), 0.9),
        Word("world", (390, 100, 480, 130), 0.9),
        Word("עולם", (180, 100, 280, 130), 0.9),
        Word("ועוד", (80, 100, 170, 130), 0.9),
    )
    label = Line((80, 100, 600, 130), words, (80, 130, 600, 130), 30)
    value = Line((1500, 100, 1600, 130), (Word("כותרת", (1500, 100, 1600, 130), 0.9),), (1500, 130, 1600, 130), 30)

    assert read(page([label], [value])) == ["כותרת שלום hello world עולם ועוד"]


def test_columns_of_scripts_without_spaces_are_read_down() -> None:
    pen = Pen(30)
    left = ["東京都は日本の首都である" for _ in range(10)]
    right = ["ภาษาไทยไม่มีช่องว่าง" for _ in range(10)]
    layout = page(pen.lines(left, 100, 100), pen.lines(right, 500, 100))

    assert read(layout) == left + right


def test_vertical_text_keeps_the_engines_order() -> None:
    words = [Word("東京都", (900 - 100 * n, 100, 940 - 100 * n, 260), 0.9) for n in range(6)]
    columns = [[Line(word.bbox, (word,), (0, 0, 0, 0), 40)] for word in words]

    ordered = order_page(page(*columns))

    assert not ordered.changed
    assert ordered.layout == page(*columns)


# ------------------------------------------------------------------ options, what is told, cost


def two_columns() -> PageLayout:
    pen = Pen()
    return page(pen.lines(prose(8), 100, 100), pen.lines(prose(8, seed=1), 1000, 100))


def test_rows_on_request_are_read_straight_across() -> None:
    assert read(two_columns(), order="rows") == rows(prose(8), prose(8, seed=1))


def test_columns_on_request_are_read_down_whatever_stands_there() -> None:
    pen = Pen()
    names, values = labels(8), amounts(8)
    layout = page(pen.lines(values, 800, 100), pen.lines(names, 100, 100))

    assert read(layout, order="columns") == names + values


def test_the_engines_order_on_request_is_left_alone() -> None:
    pen = Pen()
    layout = page(pen.lines(amounts(8), 800, 100), pen.lines(labels(8), 100, 100))

    assert order_page(layout, order="engine") == OrderedPage(layout, changed=False)


def test_a_page_in_order_comes_back_as_it_is() -> None:
    layout = two_columns()

    ordered = order_page(layout)

    assert ordered.layout is layout
    assert not ordered.changed
    assert ordered.columns


def test_a_table_says_how_many_of_its_rows_were_joined() -> None:
    pen = Pen()
    layout = page(pen.lines(labels(8), 100, 100), pen.lines(amounts(6), 800, 100))

    ordered = order_page(layout)

    assert ordered.changed
    assert not ordered.columns
    assert ordered.joined_rows == 6 / 8
    assert len(ordered.layout.blocks) == 1


def test_paragraphs_of_the_engine_stay_where_only_their_order_changes() -> None:
    pen = Pen()
    first, second = pen.lines(prose(8), 100, 100), pen.lines(prose(8, seed=1), 1000, 100)

    ordered = order_page(page(second, first)).layout

    assert ordered == page(first, second)


def test_an_empty_page_has_nothing_to_order() -> None:
    assert order_page(PageLayout(10, 10, ())) == OrderedPage(PageLayout(10, 10, ()), changed=False)


def prose_page(words: int) -> PageLayout:
    pen = Pen()
    lines = words // 4 // 7
    return page(*(pen.lines(prose(lines, width=42, seed=n), 100 + 900 * n, 100) for n in range(4)))


def number_table(words: int) -> PageLayout:
    pen = Pen()
    return page(*(pen.lines(amounts(words // 20, seed=n), 100 + 160 * n, 100) for n in range(20)))


def text_table(words: int) -> PageLayout:
    pen = Pen()
    lines = words // 4 // 4
    return page(*(pen.lines(prose(lines, width=18, seed=n), 100 + 500 * n, 100) for n in range(4)))


def scattered(words: int) -> PageLayout:
    pen = Pen()
    side = round(words**0.5)
    return page(
        *(
            [pen.line("word", 100 + 97 * (n % side) + 31 * (n % 7), 100 + 41 * (n // side) + 9 * (n % 5))]
            for n in range(words)
        )
    )


def calls_of(run: Callable[[], Any]) -> int:
    """How many functions are called, those written in C among them."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("draw", [prose_page, number_table, text_table, scattered])
def test_work_grows_with_words_and_not_with_their_square(draw: Callable[[int], PageLayout]) -> None:
    small, large = draw(1_000), draw(10_000)
    growth = sum(1 for _ in large.iter_words()) / sum(1 for _ in small.iter_words())

    assert calls_of(lambda: order_page(large)) <= 1.6 * growth * calls_of(lambda: order_page(small))


# ------------------------------------------------------------------ pages that lie on their side


@pytest.mark.parametrize("down", [True, False])
def test_lines_that_run_down_or_up_keep_their_order(down: bool) -> None:
    pen = Pen(20)
    level = page(pen.lines(prose(6, width=30), 100, 100))
    lines = []
    for line in level.iter_lines():
        words = tuple(
            Word(word.text, (y0, x0, y1, x1), word.confidence) for word in line.words for x0, y0, x1, y1 in [word.bbox]
        )
        x0, y0, x1, y1 = line.baseline
        lines.append(
            Line(
                around(word.bbox for word in words), words, (y0, x0, y1, x1) if down else (y0, x1, y1, x0), line.height
            )
        )
    block = Block(around(line.bbox for line in lines), (Paragraph(around(line.bbox for line in lines), tuple(lines)),))
    steep = PageLayout(level.height, level.width, (block,))

    assert order_page(steep).layout is steep
    assert (fall_of(steep.iter_lines()) > 0) == down
    assert fall_of(level.iter_lines()) == 0
