"""A document as Markdown: headings, lists, tables and paragraphs in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kserve_ocr.protocol.layout import Line
from transformer.formats.structured import StructuredPage, grid
from transformer.structure.content.outline import Role
from transformer.structure.text import line_text

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")
_BULLET = re.compile(r"^\S+\s+")


def markdown(pages: Sequence[StructuredPage]) -> bytes:
    """GitHub-flavored Markdown, UTF-8; pages are separated by a horizontal rule.

    Lines of a paragraph stay on lines of their own. Characters that mean something in Markdown are escaped.
    """
    return "\n---\n\n".join(_page(page) for page in pages).encode()


def _page(page: StructuredPage) -> str:
    lines = list(page.layout.iter_lines())
    tables = {table.first: table for table in page.structure.tables}
    inside = {number for table in tables.values() for number in range(table.first, table.last + 1)}
    out: list[str] = []
    for paragraph in _paragraphs(page):
        written = False
        for number in paragraph:
            if number in tables:
                out += ["", *_table(grid(tables[number], lines)), ""]
            elif number not in inside:
                out += _line(lines[number], page.structure.roles[number])
                written = True
        if written:
            out.append("")
    return _squeezed(out)


def _paragraphs(page: StructuredPage) -> Iterator[range]:
    """The numbers of the lines of each paragraph."""
    start = 0
    for block in page.layout.blocks:
        for paragraph in block.paragraphs:
            yield range(start, start + len(paragraph.lines))
            start += len(paragraph.lines)


def _line(line: Line, role: Role) -> list[str]:
    text = line_text(line)
    if role.kind == "heading":
        return ["", f"{'#' * role.level} {escape(text)}", ""]
    if role.kind == "bullet":
        return [f"- {escape(_BULLET.sub('', text))}"]
    if role.kind == "number":
        marker = re.sub(r"\W", "", text.split()[0])
        number = marker if marker.isdigit() else "1"
        return [f"{number}. {escape(_BULLET.sub('', text))}"]
    return [escape(text)]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first row is its head, as Markdown has no others."""
    head, *body = [f"| {' | '.join(map(_inline, row))} |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *body]


def _inline(text: str) -> str:
    """The text with what has a meaning anywhere in a line escaped: enough for a cell, where no list begins."""
    return _SPECIAL.sub(r"\\\1", text)


def escape(text: str) -> str:
    """The text with what Markdown gives a meaning escaped."""
    return re.sub(r"^(\d*)([-+.)])(\s)", r"\1\\\2\3", _inline(text))


def _squeezed(lines: Sequence[str]) -> str:
    """The lines without empty ones at the ends and without two in a row."""
    found: list[str] = []
    for line in lines:
        if line or (found and found[-1]):
            found.append(line)
    while found and not found[-1]:
        found.pop()
    return "\n".join(found) + "\n" if found else ""
