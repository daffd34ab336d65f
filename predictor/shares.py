"""When several workers read one page together, and how what they read becomes one reading."""

from __future__ import annotations

from collections.abc import Sequence

from predictor.engines import Page, Reading, Share
from protocol.layout import PageLayout
from protocol.parameters import ReadingOptions

_FULL_PAGE = 3
_NEURAL = 1
_LEAST_PIXELS = 1_000_000
"""Smaller pages are read before others could help."""
_MOST_SHARES = 8
"""Each worker analyses the layout of the whole page, a fifth of the work: more than this gain nothing."""


def share_count(page: Page, options: ReadingOptions, *, idle: int, queued: int) -> int:
    """How many workers should read ``page`` together: 1 for one alone.

    Only idle workers, never while anything waits. Modes other than the usual one, and several languages at once, where
    a line's language depends on the lines before it, are left to one worker.
    """
    suitable = options.psm == _FULL_PAGE and options.oem == _NEURAL and len(options.languages) == 1
    if queued or not suitable or page.size < _LEAST_PIXELS:
        return 1
    return max(1, min(idle, _MOST_SHARES))


def join(shares: Sequence[Share | None], page: Page, *, layout: bool) -> Reading | None:
    """The reading that ``shares`` make together, or None if they do not make up the page."""
    found = [share for share in shares if share is not None]
    if len(found) < len(shares) or len({share.blocks for share in found}) != 1:
        return None
    blocks = sorted((block for share in found for block in share.read), key=lambda block: block.number)
    if len({block.number for block in blocks}) < len(blocks):
        return None
    confidences = [value for block in blocks for value in block.confidences]
    height, width = page.shape
    return Reading(
        "".join(block.text for block in blocks),
        sum(confidences) / len(confidences) if confidences else 0.0,
        PageLayout(width, height, tuple(part for block in blocks for part in block.layout)) if layout else None,
    )
