"""What a page in reading order holds: tables, fields, headings and lists."""

from __future__ import annotations

from msgspec import Struct

from kserve_ocr.protocol.layout import PageLayout
from transformer.structure.content.fields import Field, find_fields
from transformer.structure.content.outline import TEXT, Role, find_roles
from transformer.structure.content.segments import segmented
from transformer.structure.content.tables import Table, find_tables
from transformer.structure.separators import Separators


class PageStructure(Struct, frozen=True):
    """Positions of lines and words in reading order, so that it holds for the layout in any coordinates."""

    tables: tuple[Table, ...] = ()
    fields: tuple[Field, ...] = ()
    roles: tuple[Role, ...] = ()
    """Of each line."""


def analyze(layout: PageLayout, separators: Separators) -> PageStructure:
    """The structure of a page; ``layout`` and ``separators`` are in pixels of the recognized page."""
    page = segmented(layout)
    tables = find_tables(page, separators)
    inside = {number for table in tables for number in range(table.first, table.last + 1)}
    roles = [TEXT if number in inside else role for number, role in enumerate(find_roles(layout))]
    return PageStructure(tables=tuple(tables), fields=tuple(find_fields(page)), roles=tuple(roles))
