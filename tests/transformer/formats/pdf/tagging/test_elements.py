"""Elements of a tagged page: headings, paragraphs, lists and tables, every word in one of them."""

from __future__ import annotations

from collections.abc import Sequence

from kserve_ocr.protocol.layout import Block, PageLayout, Paragraph
from tests.transformer.formats.drawn import line
from transformer.formats.pdf.tagging.elements import Element, elements_of, leaves_of
from transformer.structure.content.outline import TEXT, Role
from transformer.structure.content.page_structure import PageStructure
from transformer.structure.content.segments import Span
from transformer.structure.content.tables import Cell, Table

BOX = (0, 0, 1200, 800)
HEADING, BULLET = Role("heading", 2), Role("bullet")


def _layout(*paragraphs: Sequence[str]) -> PageLayout:
    made = tuple(Paragraph(BOX, tuple(line(text) for text in lines)) for lines in paragraphs)
    return PageLayout(1200, 800, (Block(BOX, made),))


def _texts(layout: PageLayout, elements: Sequence[Element]) -> list[tuple[str, str]]:
    """Tags and words of the leaves."""
    lines = list(layout.iter_lines())
    return [
        (
            leaf.tag,
            " ".join(word.text for span in leaf.spans for word in lines[span.line].words[span.start : span.end]),
        )
        for leaf in leaves_of(elements)
    ]


def test_headings_paragraphs_and_lists() -> None:
    layout = _layout(["A heading", "of two lines"], ["Some text", "goes on"], ["* one", "more of it", "* two"], ["End"])
    roles = (HEADING, HEADING, TEXT, TEXT, BULLET, TEXT, BULLET, TEXT)
    found = elements_of(layout, PageStructure(roles=roles))
    assert [element.tag for element in found] == ["H2", "P", "L", "P"]
    assert _texts(layout, found) == [
        ("H2", "A heading of two lines"),
        ("P", "Some text goes on"),
        ("LBody", "* one more of it"),
        ("LBody", "* two"),
        ("P", "End"),
    ]
    assert [item.tag for item in found[2].children] == ["LI", "LI"]


def test_tables_have_all_their_cells_and_what_is_in_none_follows() -> None:
    layout = _layout(["Before"], ["Total sum", "a b stray"], ["After"])
    cells = (
        Cell(0, 0, 1, 2, (Span(1, 0, 2),)),
        Cell(1, 0, 1, 1, (Span(2, 0, 1),)),
        Cell(1, 1, 1, 1, (Span(2, 1, 2),)),
    )
    table = Table(1, 2, 3, 2, cells)
    found = elements_of(layout, PageStructure(tables=(table,), roles=(TEXT,) * 4))
    assert [element.tag for element in found] == ["P", "Table", "P", "P"]
    assert [[cell.tag for cell in row.children] for row in found[1].children] == [["TD"], ["TD", "TD"], ["TD", "TD"]]
    assert found[1].children[0].children[0].column_span == 2
    assert [text for _, text in _texts(layout, found)] == ["Before", "Total sum", "a", "b", "stray", "After"]
