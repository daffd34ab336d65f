"""The ``tsv`` output: one row per page, block, paragraph, line and word, in Tesseract's columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kserve_ocr.protocol.layout import Block, Box, PageLayout
from transformer.formats.common import numbered

HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"

# Anything that some reader takes for the end of a cell or of a row.
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def tsv(pages: Sequence[PageLayout], *, numbers: Sequence[int] | None = None) -> bytes:
    """UTF-8 rows under a header, in Tesseract's terms.

    ``level`` is 1 page, 2 block, 3 paragraph, 4 line, 5 word; ``conf`` is in per cent for words and -1 for the
    rest; ``left``, ``top``, ``width`` and ``height`` are pixels. ``numbers`` are the 1-based page numbers.
    """
    rows = [HEADER]
    for number, page in numbered(pages, numbers):
        rows.append(_row(1, (number, 0, 0, 0, 0), (0, 0, page.width, page.height)))
        for block_number, block in enumerate(page.blocks, 1):
            _add_block(rows, block, number, block_number)
    rows.append("")
    return "\n".join(rows).encode("utf-8", "replace")


def _add_block(rows: list[str], block: Block, page: int, number: int) -> None:
    rows.append(_row(2, (page, number, 0, 0, 0), block.bbox))
    for p, paragraph in enumerate(block.paragraphs, 1):
        rows.append(_row(3, (page, number, p, 0, 0), paragraph.bbox))
        for n, line in enumerate(paragraph.lines, 1):
            rows.append(_row(4, (page, number, p, n, 0), line.bbox))
            rows.extend(
                _row(5, (page, number, p, n, w), word.bbox, f"{word.confidence * 100:.6f}", word.text)
                for w, word in enumerate(line.words, 1)
            )


def _row(level: int, place: tuple[int, int, int, int, int], box: Box, conf: str = "-1", text: str = "") -> str:
    page, block, paragraph, line, word = place
    x0, y0, x1, y1 = box
    return (
        f"{level}\t{page}\t{block}\t{paragraph}\t{line}\t{word}"
        f"\t{x0}\t{y0}\t{x1 - x0}\t{y1 - y0}\t{conf}\t{_BREAKS.sub(' ', text)}"
    )
