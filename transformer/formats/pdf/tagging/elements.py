"""The structure of a page as elements of a tagged PDF (ISO 32000-1, 14.8.4), each with the words that it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.layout import PageLayout
from transformer.structure.content.outline import Role
from transformer.structure.content.page_structure import PageStructure
from transformer.structure.content.segments import Span
from transformer.structure.content.tables import Table


class Element(Struct, frozen=True):
    """A structure element: others, or words."""

    tag: str
    children: tuple[Element, ...] = ()
    spans: tuple[Span, ...] = ()
    """Its words, if it holds no elements."""
    row_span: int = 1
    column_span: int = 1


def elements_of(layout: PageLayout, structure: PageStructure) -> tuple[Element, ...]:
    """The elements of a page in reading order; every word is in one of them."""
    counts = [len(line.words) for line in layout.iter_lines()]
    tables = {table.first: table for table in structure.tables}
    inside = {number for table in structure.tables for number in range(table.first, table.last + 1)}
    found: list[Element] = []
    first = 0
    for block in layout.blocks:
        for paragraph in block.paragraphs:
            numbers = range(first, first + len(paragraph.lines))
            first = numbers.stop
            for number in numbers:
                if number in tables:
                    found += _table(tables[number], counts)
            found += _paragraph([number for number in numbers if number not in inside], counts, structure.roles)
    return tuple(found)


def leaves_of(elements: Sequence[Element]) -> Iterator[Element]:
    """The elements that hold words, in order."""
    for element in elements:
        if element.spans:
            yield element
        yield from leaves_of(element.children)


def _paragraph(numbers: Sequence[int], counts: Sequence[int], roles: Sequence[Role]) -> Iterator[Element]:
    """The elements of the lines of one paragraph: headings, a list, or text."""
    parts: list[tuple[Role, list[Span]]] = []
    for number in numbers:
        role, span = roles[number], Span(number, 0, counts[number])
        begins = not parts or role.kind in ("bullet", "number") or _parts(parts[-1][0], role)
        if begins:
            parts.append((role, [span]))
        else:
            parts[-1][1].append(span)
    for is_item, members in groupby(parts, key=lambda part: part[0].kind in ("bullet", "number")):
        found = [Element(_tag(role), spans=tuple(spans)) for role, spans in members]
        if is_item:
            yield Element("L", tuple(Element("LI", (item,)) for item in found))
        else:
            yield from found


def _parts(last: Role, role: Role) -> bool:
    """Whether a line of ``role`` that is no item begins an element after one of ``last``."""
    return role != last and not (role.kind == "text" and last.kind in ("bullet", "number"))


def _tag(role: Role) -> str:
    if role.kind == "heading":
        return f"H{role.level}"
    return "P" if role.kind == "text" else "LBody"


def _table(table: Table, counts: Sequence[int]) -> list[Element]:
    """A table with all its cells, the empty ones too, and after it what of its lines is in none of them."""
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    covered = {
        (cell.row + down, cell.column + across)
        for cell in table.cells
        for down in range(cell.row_span)
        for across in range(cell.column_span)
    }
    rows = []
    for row in range(table.rows):
        members = []
        for column in range(table.columns):
            if cell := cells.get((row, column)):
                data = Element("TD", spans=tuple(span for span in cell.spans if span.end > span.start))
                members.append(replace(data, row_span=cell.row_span, column_span=cell.column_span))
            elif (row, column) not in covered:
                members.append(Element("TD"))
        rows.append(Element("TR", tuple(members)))
    taken = {(span.line, at) for cell in table.cells for span in cell.spans for at in range(span.start, span.end)}
    rest = [
        Span(number, at, at + 1)
        for number in range(table.first, table.last + 1)
        for at in range(counts[number])
        if (number, at) not in taken
    ]
    return [Element("Table", tuple(rows)), *([Element("P", spans=tuple(rest))] if rest else [])]
