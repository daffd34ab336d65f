"""From ordered rows back to a page layout: lines, paragraphs and blocks with boxes and baselines."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around
from transformer.structure.order.phrases import Phrase
from transformer.structure.order.rows import Row

Baseline = tuple[float, float, float, float]


class EngineLine(Struct, eq=False):
    """A line as the engine gave it, with the numbers of its paragraph and block on the page."""

    line: Line
    paragraph: int
    block: int


def engine_lines(layout: PageLayout) -> list[EngineLine]:
    """The lines of a page in the engine's order."""
    found: list[EngineLine] = []
    paragraphs = 0
    for number, block in enumerate(layout.blocks):
        for paragraph in block.paragraphs:
            found += [EngineLine(line, paragraphs, number) for line in paragraph.lines]
            paragraphs += 1
    return found


def keeps_order(groups: Sequence[Sequence[Row]], lines: Sequence[EngineLine]) -> bool:
    """Whether the rows are the engine's lines in the engine's order."""
    rows = [row for group in groups for row in group]
    return len(rows) == len(lines) and all(
        len(row.parts) == 1 and row.parts[0].line == number and _is_whole(row.parts[0], lines[number].line)
        for number, row in enumerate(rows)
    )


def rebuild(layout: PageLayout, groups: Sequence[Sequence[Row]], lines: Sequence[EngineLine]) -> PageLayout:
    """The page with one line for each row.

    A row goes on with the block, and with the paragraph, of the row before it if both have lines of the same block,
    or paragraph, of the engine: so columns of a table, which the engine has as blocks, become one block.
    """
    blocks: list[Block] = []
    for group in groups:
        for rows in _runs(group, lines, by_block=True):
            paragraphs = [
                _paragraph([_line(row, lines) for row in part]) for part in _runs(rows, lines, by_block=False)
            ]
            blocks.append(Block(around(paragraph.bbox for paragraph in paragraphs), tuple(paragraphs)))
    return PageLayout(layout.width, layout.height, tuple(blocks))


def _runs(rows: Sequence[Row], lines: Sequence[EngineLine], *, by_block: bool) -> list[list[Row]]:
    """Rows in runs in which each shares a block, or a paragraph, with the one before it."""
    runs: list[list[Row]] = []
    previous: set[int] = set()
    for row in rows:
        sources = [lines[part.line] for part in row.parts]
        numbers = {source.block if by_block else source.paragraph for source in sources}
        if not runs or previous.isdisjoint(numbers):
            runs.append([])
        runs[-1].append(row)
        previous = numbers
    return runs


def _paragraph(lines: list[Line]) -> Paragraph:
    return Paragraph(around(line.bbox for line in lines), tuple(lines))


def _line(row: Row, lines: Sequence[EngineLine]) -> Line:
    first = lines[row.parts[0].line].line
    if len(row.parts) == 1 and _is_whole(row.parts[0], first):
        return first
    words: list[Word] = [word for part in row.parts for word in part.words]
    ends = [_baseline(part, lines[part.line].line) for part in row.parts]
    left, right = min(ends), max(ends, key=lambda end: end[2])
    return Line(
        bbox=around(word.bbox for word in words),
        words=tuple(words),
        baseline=(*left[:2], *right[2:]),
        height=median(lines[part.line].line.height for part in row.parts),
    )


def _is_whole(part: Phrase, line: Line) -> bool:
    return len(part.placed) == len(line.words)


def _baseline(part: Phrase, line: Line) -> Baseline:
    """The baseline of its line, cut to the part's words."""
    if _is_whole(part, line):
        return line.baseline
    x0, y0, x1, y1 = line.baseline
    left = float(min(item.word.bbox[0] for item in part.placed))
    right = float(max(item.word.bbox[2] for item in part.placed))
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    return left, y0 + slope * (left - x0), right, y0 + slope * (right - x0)
