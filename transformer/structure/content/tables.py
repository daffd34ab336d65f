"""Tables: successive rows whose segments stand in the same columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from msgspec import Struct

from transformer.structure.content.segments import Segment, SegmentedPage, Span, is_amount
from transformer.structure.content.spans import Extent, Grid, places
from transformer.structure.separators import Separators

MIN_ROWS = 3
"""Rows with at least two cells in a table of two columns; with more columns, one less."""
MAX_DISTANCE = 4.0
"""Heights between two rows of one table."""
MAX_SINGLE_ROWS = 2
"""Successive rows with a single cell inside a table: wrapped texts, headings of groups."""
ALIGNED = 0.6
"""Share of the cells of a table that must lie in a single column."""
RULE_SHARE = 0.5
"""Share of a table's width that a rule between two rows has: it leaves out cells that span both."""
RULED_ROWS = 3
"""Horizontal rules in a table from which its rows are what lies between them."""


class Cell(Struct, frozen=True):
    """A cell and the words in it; rows and columns are counted from 0."""

    row: int
    column: int
    row_span: int
    column_span: int
    spans: tuple[Span, ...]


class Table(Struct, frozen=True):
    """A table over the lines ``first`` to ``last`` (inclusive) of a page, lines counted in reading order."""

    first: int
    last: int
    rows: int
    columns: int
    cells: tuple[Cell, ...]


_Place = tuple[int, int]
"""Row and column."""
_Placed = tuple[Segment, int, int]
"""A segment, its first column and how many columns it spans."""


class _Column(Struct):
    """The extent of a column, from the cells that lie in it alone."""

    x0: float
    x1: float


def find_tables(page: SegmentedPage, separators: Separators) -> list[Table]:
    """The tables of a page, in reading order. Rows are lines, or what lies between horizontal rules."""
    return [table for run in _runs(page) if (table := _table(run, page.height, separators)) is not None]


def _runs(page: SegmentedPage) -> Iterator[list[list[Segment]]]:
    """Successive lines with several segments, and the few with one between them."""
    run: list[list[Segment]] = []
    singles: list[list[Segment]] = []
    for line in page.lines:
        near = not run or _distance((singles or run)[-1], line) <= MAX_DISTANCE * page.height
        if run and (not near or (len(line) == 1 and len(singles) == MAX_SINGLE_ROWS)):
            yield run
            run, singles = [], []
        if len(line) > 1:
            run += [*singles, line]
            singles = []
        elif run:
            singles.append(line)
    if run:
        yield run


def _distance(upper: Sequence[Segment], lower: Sequence[Segment]) -> float:
    """Height between two lines; infinite if the second does not lie below the first."""
    distance = min(segment.y0 for segment in lower) - max(segment.y1 for segment in upper)
    height = max(segment.y1 for segment in upper) - min(segment.y0 for segment in upper)
    return distance if distance > -0.6 * height else float("inf")


def _table(lines: list[list[Segment]], height: float, separators: Separators) -> Table | None:
    columns = _shared(_columns(lines), lines)
    rows = sum(len(line) > 1 for line in lines)
    if len(columns) < 2 or rows < (MIN_ROWS if len(columns) == 2 else MIN_ROWS - 1):
        return None
    placed = [_placed(line, columns) for line in lines]
    if sum(span == 1 for line in placed for _, _, span in line) < ALIGNED * sum(map(len, placed)):
        return None
    numbers = _row_numbers(placed, separators, tolerance=0.5 * height)
    cells: dict[_Place, Cell] = {}
    extents: dict[_Place, Extent] = {}
    for row, line in zip(numbers, placed, strict=True):
        for segment, column, span in line:
            known, extent = cells.get((row, column)), _extent(segment)
            spans = (*known.spans, segment.span) if known else (segment.span,)
            cells[row, column] = Cell(row, column, 1, max(span, known.column_span if known else 1), spans)
            extents[row, column] = extents[row, column].joined(extent) if known else extent
    spread = _spread(cells, extents, numbers, columns, separators)
    return Table(
        first=lines[0][0].span.line,
        last=lines[-1][0].span.line,
        rows=numbers[-1] + 1,
        columns=len(columns),
        cells=tuple(sorted(spread, key=lambda cell: (cell.row, cell.column))),
    )


def _extent(segment: Segment) -> Extent:
    return Extent(segment.x0, segment.y0, segment.x1, segment.y1)


def _spread(
    cells: dict[_Place, Cell],
    extents: dict[_Place, Extent],
    numbers: Sequence[int],
    columns: Sequence[_Column],
    separators: Separators,
) -> list[Cell]:
    """The cells, spread over the rows and columns that rules give them and nothing else stands in."""
    whole = reduce(Extent.joined, extents.values())
    rows = [
        reduce(Extent.joined, [extent for (place, _), extent in extents.items() if place == row]).y
        for row in range(numbers[-1] + 1)
    ]
    grid = Grid(whole, rows, [(column.x0 + column.x1) / 2 for column in columns], separators)
    taken = set(cells)
    found = []
    for place, cell in cells.items():
        rows_of, columns_of = range(cell.row, cell.row + 1), range(cell.column, cell.column + cell.column_span)
        own = set(places(rows_of, columns_of))
        wider = grid.rows_of(extents[place]) or rows_of
        if cell.row in wider and taken.isdisjoint({*places(wider, columns_of)} - own):
            rows_of = wider
        wider = grid.columns_of(extents[place]) or columns_of
        if cell.column in wider and taken.isdisjoint({*places(rows_of, wider)} - own):
            columns_of = wider
        taken |= {*places(rows_of, columns_of)}
        found.append(Cell(rows_of[0], columns_of[0], len(rows_of), len(columns_of), cell.spans))
    return found


def _columns(lines: Sequence[Sequence[Segment]]) -> list[_Column]:
    """Columns from left to right: lines with the most segments first, whose cells are surely in one column."""
    columns: list[_Column] = []
    alone: list[Segment] = []
    for line in sorted(lines, key=len, reverse=True):
        for segment in line:
            if len(line) < 2 and columns:
                alone.append(segment)
                continue
            touched = [column for column in columns if _touches(segment, column)]
            if not touched:
                columns.append(_Column(segment.x0, segment.x1))
            elif len(touched) == 1:
                touched[0].x0 = min(touched[0].x0, segment.x0)
                touched[0].x1 = max(touched[0].x1, segment.x1)
    columns += _labels(alone, columns)
    return _disjoint(sorted(columns, key=lambda column: column.x0))


def _labels(alone: Sequence[Segment], columns: Sequence[_Column]) -> list[_Column]:
    """Columns of segments that stand alone in their lines beside all columns: labels of groups of rows."""
    found: list[_Column] = []
    counts: list[int] = []
    for segment in alone:
        if any(_touches(segment, column) for column in columns):
            continue
        for number, column in enumerate(found):
            if _touches(segment, column):
                column.x0, column.x1 = min(column.x0, segment.x0), max(column.x1, segment.x1)
                counts[number] += 1
                break
        else:
            found.append(_Column(segment.x0, segment.x1))
            counts.append(1)
    return [column for column, count in zip(found, counts, strict=True) if count > 1]


def _disjoint(columns: list[_Column]) -> list[_Column]:
    """Columns that grew into each other, made one."""
    found: list[_Column] = []
    for column in columns:
        if found and column.x0 < found[-1].x1:
            found[-1].x1 = max(found[-1].x1, column.x1)
        else:
            found.append(column)
    return found


def _shared(columns: list[_Column], lines: Sequence[Sequence[Segment]]) -> list[_Column]:
    """The columns without those between others that have a single cell: that is a heading over both."""
    counts = [sum(_touches(segment, column) for line in lines for segment in line) for column in columns]
    last = len(columns) - 1
    return [column for number, column in enumerate(columns) if counts[number] > 1 or number in (0, last)]


def _touches(segment: Segment, column: _Column) -> bool:
    return column.x0 < segment.x1 and segment.x0 < column.x1


def _placed(line: Sequence[Segment], columns: Sequence[_Column]) -> list[_Placed]:
    """Where the segments of a line stand; one between two columns that nothing else stands in spans both."""
    found: list[_Placed] = []
    for segment in line:
        touched = [number for number, column in enumerate(columns) if _touches(segment, column)]
        if not touched:
            left = sum(column.x1 <= segment.x0 for column in columns) - 1
            beside = columns[max(left, 0) : left + 2]
            free = not any(_touches(other, column) for other in line for column in beside)
            touched = [left, left + 1] if 0 <= left < len(columns) - 1 and free else [_nearest(segment, columns)]
        found.append((segment, touched[0], len(touched)))
    return found


def _nearest(segment: Segment, columns: Sequence[_Column]) -> int:
    """The column whose middle is nearest."""
    middle = segment.x0 + segment.x1
    return min(range(len(columns)), key=lambda number: abs(columns[number].x0 + columns[number].x1 - middle))


def _row_numbers(lines: Sequence[Sequence[_Placed]], separators: Separators, *, tolerance: float) -> list[int]:
    """The row of each line: each by itself, or several between two rules, unless they have amounts in one column."""
    segments = [segment for line in lines for segment, _, _ in line]
    left, right = min(segment.x0 for segment in segments), max(segment.x1 for segment in segments)
    top = min(segment.y0 for segment in segments) - 2 * tolerance
    bottom = max(segment.y1 for segment in segments) + 2 * tolerance
    rules = [
        (y0 + y1) / 2
        for x0, y0, x1, y1 in separators.horizontal
        if top <= (y0 + y1) / 2 <= bottom and min(x1, right) - max(x0, left) >= RULE_SHARE * (right - left)
    ]
    above = [sum(rule < _middle(line) for rule in rules) for line in lines]
    ruled = len(set(above)) >= RULED_ROWS
    numbers: list[int] = []
    amounts: set[int] = set()
    for index, line in enumerate(lines):
        found = {column for segment, column, _ in line if is_amount(segment.text)}
        goes_on = index > 0 and ruled and above[index] == above[index - 1] and amounts.isdisjoint(found)
        if index:
            numbers.append(numbers[-1] + (not goes_on))
        else:
            numbers.append(0)
        amounts = amounts | found if goes_on else found
    return numbers


def _middle(line: Sequence[_Placed]) -> float:
    return sum(segment.middle for segment, _, _ in line) / len(line)
