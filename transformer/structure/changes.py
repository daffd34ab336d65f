"""Pages with some of their lines changed or left out; boxes fit what is left, and parts that stay the same are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around

Change = Callable[[Line], Line | None]
"""What becomes of a line; None leaves it out."""


def change_lines(blocks: Iterable[Block], change: Change) -> tuple[Block, ...]:
    """The blocks with changed lines; paragraphs and blocks without lines are left out."""
    return tuple(changed for block in blocks if (changed := _block(block, change)) is not None)


def with_words(line: Line, words: tuple[Word, ...]) -> Line | None:
    """The line with other words; None without any."""
    if words == line.words:
        return line
    return replace(line, bbox=around(word.bbox for word in words), words=words) if words else None


def with_texts(layout: PageLayout, change: Callable[[str], str]) -> PageLayout:
    """The page with the text of every word changed; ``change`` leaves no text empty."""
    return with_new_texts(layout, [change(word.text) for word in layout.iter_words()])


def with_new_texts(layout: PageLayout, texts: Iterable[str]) -> PageLayout:
    """The page with these texts, none empty, for its words from first to last; as it is if they are the same."""
    new = iter(texts)

    def change_line(line: Line) -> Line | None:
        return with_words(line, tuple(_with_text(word, next(new)) for word in line.words))

    blocks = change_lines(layout.blocks, change_line)
    return layout if blocks == layout.blocks else replace(layout, blocks=blocks)


def _with_text(word: Word, text: str) -> Word:
    return word if text == word.text else replace(word, text=text)


def _block(block: Block, change: Change) -> Block | None:
    parts = tuple(part for paragraph in block.paragraphs if (part := _paragraph(paragraph, change)) is not None)
    if parts == block.paragraphs:
        return block
    return Block(around(part.bbox for part in parts), parts) if parts else None


def _paragraph(paragraph: Paragraph, change: Change) -> Paragraph | None:
    lines = tuple(changed for line in paragraph.lines if (changed := change(line)) is not None)
    if lines == paragraph.lines:
        return paragraph
    return Paragraph(around(line.bbox for line in lines), lines) if lines else None
