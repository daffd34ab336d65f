"""When another recognition of a page is worth its time, and which of two to keep."""

from __future__ import annotations

from typing import Final

from kserve_ocr.protocol.layout import PageLayout
from transformer.structure.order.page_order import OrderedPage
from transformer.structure.remainder import Boxes, unread_share

ROWS_MODE: Final = 4
"""Page segmentation mode that expects one column of lines of different sizes: it keeps rows of tables whole."""
ROWS_DPI: Final = 150
"""Resolution told with it: with the one that the engine guesses, it takes dashes at the ends of rows for rules."""
SPARSE_MODE: Final = 11
"""Page segmentation mode that finds as much text as it can, in no order."""
BLOCK_MODE: Final = 6
"""Page segmentation mode that takes lines as they stand, in half the time of one that looks for columns."""
LINE_MODE: Final = 7
"""Page segmentation mode that takes the image for one line of text."""
JOINED_ROWS: Final = 0.2
"""Share of rows that join several lines, from which the engine has taken a table apart."""
UNREAD_SHARE: Final = 0.02
"""Share of letter-like components outside all words, from which they are worth another recognition ..."""
MIN_LETTERS: Final = 4
"""... on a page with this many of them: a few specks are no text."""
TOLERANCE: Final = 0.97
"""A recognition in :data:`ROWS_MODE` is kept if it is at least this sure: it has the rows right."""


def has_split_rows(page: OrderedPage) -> bool:
    """Whether the engine took rows of a table for columns."""
    return not page.columns and page.joined_rows >= JOINED_ROWS


def has_unread_text(layout: PageLayout, letters: Boxes) -> bool:
    """Whether letter-like components were left out, enough of them to look again."""
    return len(letters) >= MIN_LETTERS and unread_share(layout, letters) >= UNREAD_SHARE


def certainty(layout: PageLayout) -> float:
    """Letters that were read, each weighted by the confidence of its word."""
    return sum(word.confidence * len(word.text) for word in layout.iter_words())


def is_as_sure(second: PageLayout, first: PageLayout) -> bool:
    """Whether a recognition in :data:`ROWS_MODE` lost nothing that the first one had."""
    return certainty(second) >= TOLERANCE * certainty(first)
