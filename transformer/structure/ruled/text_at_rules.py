"""Text that rules spoil: when a page of it is worth another recognition without them, of which part, and what counts.

On forms, entries stand on rules and labels beside boxes. The lines there are recognized poorly or not at all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Line, PageLayout
from transformer.structure.changes import change_lines
from transformer.structure.excerpt import Excerpt, excerpt
from transformer.structure.noise import is_sure, text_length
from transformer.structure.remainder import merged, unread_page
from transformer.structure.ruled.erasure import INK, without_ruled_lines
from transformer.structure.separators import Separators
from transformer.structure.surer_words import with_surer_words

Pixels = NDArray[np.uint8]
Boxes = NDArray[np.float64]

NEAR: Final = 0.4
"""Heights of a line between it and a horizontal rule that may have spoiled it."""
LEAST_RULES: Final = 6
"""Horizontal rules from which a page is a form or a ruled table ..."""
SPOILED_SHARE: Final = 0.03
"""... share of its letters in uncertain lines at rules, from which these are looked at again ..."""
SPOILED_LETTERS: Final = 4
"""... their number ..."""
LEFT: Final = 0.5
"""Ink in a row of pixels that may belong to letters, in heights of one ..."""
LOW: Final = 0.5
"""... and height of such rows together."""
MOST_LETTERS: Final = 4_000
"""... and letters of a page above which that takes too long: newspapers have rules, too."""


def is_spoiled(layout: PageLayout, separators: Separators) -> bool:
    """Whether the page has lines at horizontal rules that were recognized poorly."""
    total = text_length(layout.iter_words())
    if len(separators.horizontal) < LEAST_RULES or total > MOST_LETTERS:
        return False
    rules = np.array(separators.horizontal)
    spoiled = sum(
        text_length(line.words) for line in layout.iter_lines() if not is_sure(line) and _is_at_rule(line, rules)
    )
    return spoiled >= max(SPOILED_LETTERS, SPOILED_SHARE * total)


def part_without_rules(pixels: Pixels, layout: PageLayout, letters: Boxes, separators: Separators) -> Excerpt | None:
    """The uncertain lines of a page and what was left out, without rules; None if nothing of a letter's size is left.

    ``letters`` are boxes of the components that look like letters, at least one.
    """
    height = max(1.0, float(np.median(letters[:, 3] - letters[:, 1])))
    sure = change_lines(layout.blocks, lambda line: line if is_sure(line) else None)
    page = without_ruled_lines(pixels, letter_height=height)
    page = unread_page(page, replace(layout, blocks=sure), separators)
    bands = _bands(page < INK, height)
    return excerpt(page, bands) if len(bands) else None


def with_recovered(layout: PageLayout, second: PageLayout) -> PageLayout:
    """The page with the words that the recognition without rules is surer of, and those that it adds."""
    return merged(with_surer_words(layout, second), second)


def _bands(ink: NDArray[np.bool_], letter_height: float) -> Boxes:
    """Boxes as wide as the page around rows of pixels that may be of a line of text."""
    filled = np.count_nonzero(ink, axis=1) >= LEFT * letter_height
    edges = np.flatnonzero(np.diff(filled, prepend=False, append=False)).reshape(-1, 2)
    edges = edges[edges[:, 1] - edges[:, 0] >= LOW * letter_height].astype(np.float64)
    columns = np.flatnonzero(ink.any(axis=0))
    return np.array([(columns[0], top, columns[-1] + 1, bottom) for top, bottom in edges])


def _is_at_rule(line: Line, rules: NDArray[np.int_]) -> bool:
    margin = NEAR * line.height
    x0, y0, x1, y1 = line.bbox
    across = (rules[:, 0] < x1 + margin) & (rules[:, 2] > x0 - margin)
    return bool(np.any(across & (rules[:, 1] < y1 + margin) & (rules[:, 3] > y0 - margin)))
