"""The plain text of a page layout."""

from __future__ import annotations

from kserve_ocr.protocol.layout import Line, PageLayout, Word
from transformer.structure.order.phrases import writes_without_spaces

CHARACTER_GAP = 0.5
"""Gap, in line heights, that is a space between words of scripts that write without spaces."""


def page_text(layout: PageLayout) -> str:
    """One text line for each line, a blank line after each paragraph, as the engine writes its own text."""
    return "".join(
        "".join(line_text(line) + "\n" for line in paragraph.lines) + "\n"
        for block in layout.blocks
        for paragraph in block.paragraphs
    )


def line_text(line: Line) -> str:
    """The words of a line, parted by spaces where their script has them."""
    parts: list[str] = []
    previous: Word | None = None
    for word in line.words:
        if previous is not None and _is_spaced(previous, word, height=line.height):
            parts.append(" ")
        parts.append(word.text)
        previous = word
    return "".join(parts)


def _is_spaced(first: Word, second: Word, *, height: float) -> bool:
    if not writes_without_spaces(first.text[-1]) or not writes_without_spaces(second.text[0]):
        return True
    gap = max(second.bbox[0] - first.bbox[2], first.bbox[0] - second.bbox[2])
    return gap > CHARACTER_GAP * height
