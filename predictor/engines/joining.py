"""What the processes that read a page together have read, and how it becomes one reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from predictor.engines import Page, Reading
from protocol.layout import Block, PageLayout, Paragraph, around

_PARAGRAPH_END = "\n\n"


@dataclass(frozen=True)
class Part:
    """A block that one of several processes has read, or the lines of it that were its share.

    ``text`` ends with a blank line after every paragraph. ``continues`` says that another share has read the lines
    before, ``ends`` that nothing that this share knows of follows on the page, not even a picture.
    """

    block: int
    """Place on the page."""
    text: str
    confidences: tuple[float, ...]
    layout: tuple[Block, ...]
    continues: bool = False
    ends: bool = False


Share = tuple[Part, ...]
"""What one of several processes has read of a page."""


def join(shares: Sequence[Share | None], page: Page, *, layout: bool) -> Reading | None:
    """The reading that ``shares`` make together, or None if they do not make up the page."""
    found = [share for share in shares if share is not None]
    if len(found) < len(shares):
        return None
    parts = sorted((part for share in found for part in share), key=lambda part: part.block)
    whole = [_one(list(same)) for _, same in groupby(parts, key=lambda part: part.block)]
    blocks = [block for block in whole if block is not None]
    if len(blocks) < len(whole):
        return None
    text = "".join(block.text for block in blocks)
    confidences = [value for block in blocks for value in block.confidences]
    height, width = page.shape
    return Reading(
        # At the end of a page the last paragraph has no blank line.
        text.removesuffix("\n") if blocks and blocks[-1].ends else text,
        sum(confidences) / len(confidences) if confidences else 0.0,
        PageLayout(width, height, tuple(part for block in blocks for part in block.layout)) if layout else None,
    )


def _one(parts: Sequence[Part]) -> Part | None:
    """The block that these are parts of; None if they do not follow each other, or are no single paragraph."""
    first, *further = parts
    if first.continues or not all(part.continues for part in further):
        return None
    if not further:
        return first
    if any(part.text.count(_PARAGRAPH_END) != 1 for part in parts):
        return None
    return Part(
        first.block,
        "".join(part.text.removesuffix("\n") for part in parts) + "\n",
        tuple(value for part in parts for value in part.confidences),
        _one_paragraph([block for part in parts for block in part.layout]),
        ends=parts[-1].ends,
    )


def _one_paragraph(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """One block of one paragraph with the lines of all of them."""
    if not blocks:
        return ()
    paragraphs = [paragraph for block in blocks for paragraph in block.paragraphs]
    lines = tuple(line for paragraph in paragraphs for line in paragraph.lines)
    paragraph = Paragraph(around([paragraph.bbox for paragraph in paragraphs]), lines)
    return (Block(around([block.bbox for block in blocks]), (paragraph,)),)
