"""The words of a page in reading order, each on the baseline of its line: what a text layer shows, and how high.

Lengths are in units, along the reading direction and across it (to its left), from the origin of the page. Sizes and
heights above the baseline are shared by words in a row as long as they are near enough, because every change costs
bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.pdf.text_layer.placement import PlacedLine, PlacedWord, place_line
from transformer.formats.pdf.text_layer.runs import Interval, around, shared

# Readers clip a font's descent here; a word that reaches further down is lowered instead.
_DEEPEST: Final = 0.4
_SIMILAR: Final = 1.3
"""Readers part text where its size changes, so lines whose heights differ by less than this factor are set in one."""
_BASE_TOLERANCE: Final = 2.0
"""Units by which a word may leave the baseline of those before it; its face makes up for it."""
_PITCH_TOLERANCE: Final = 1.0
"""Units by which a baseline may be off for the distance from the one before it to be that of the last two."""


class ShownWord(NamedTuple):
    """A word to be shown."""

    text: str
    direction: tuple[float, float]
    """Cosine and sine of the reading direction."""
    start: float
    end: float
    base: int
    """Of its line, across the reading direction."""
    opens: bool
    """Whether it is the first of its line."""
    rise: int
    """Of the word above ``base``."""
    size: int
    ascent: float
    """From the baseline and ``rise``, as ``descent``, which is positive downwards."""
    descent: float
    leaf: int
    """The leaf of the document's structure that it belongs to; -1 for none."""


class _Draft(Struct, frozen=True):
    """A word before its state is chosen."""

    line: PlacedLine
    word: PlacedWord
    opens: bool
    leaf: int

    @property
    def origin(self) -> tuple[float, float]:
        """Where its line starts, along and across the reading direction."""
        axes = self.line.axes
        return axes.x * axes.cos + axes.y * axes.sin, axes.y * axes.cos - axes.x * axes.sin


def shown_words(
    layout: PageLayout, *, unit: float, skew: float, tolerance: float, leaves: Mapping[tuple[int, int], int]
) -> list[ShownWord]:
    """The words of a page; see :func:`~transformer.formats.pdf.text_layer.content.text_layer` for the arguments.

    ``unit`` is in pixels. ``leaves`` are by the number of a line in reading order and of a word in it.
    """
    drafts = list(_drafts(layout, unit=unit, skew=skew, leaves=leaves))
    # What is shared is the least size of all, so that no word is set much larger than it is.
    sizes = [math.ceil(low) for low, _ in shared([Interval(d.line.size, _SIMILAR * d.line.size) for d in drafts])]
    bases = list(_bases(drafts))
    heights = [draft.origin[1] + draft.word.base - base for draft, base in zip(drafts, bases, strict=True)]
    rises = _rises(drafts, heights, sizes, tolerance=tolerance)
    return [
        ShownWord(
            text=draft.word.text,
            direction=(draft.line.axes.cos, draft.line.axes.sin),
            start=draft.origin[0] + draft.word.start,
            end=draft.origin[0] + draft.word.end,
            base=base,
            opens=draft.opens,
            rise=rise,
            size=size,
            ascent=draft.word.top + height - rise,
            descent=rise - draft.word.bottom - height,
            leaf=draft.leaf,
        )
        for draft, base, height, rise, size in zip(drafts, bases, heights, rises, sizes, strict=True)
    ]


def _drafts(layout: PageLayout, *, unit: float, skew: float, leaves: Mapping[tuple[int, int], int]) -> Iterator[_Draft]:
    for number, line in enumerate(layout.iter_lines()):
        placed = place_line(line, page_height=layout.height, unit=unit, skew=skew)
        for at, word in enumerate(placed.words if placed else ()):
            assert placed
            yield _Draft(placed, word, opens=at == 0, leaf=leaves.get((number, word.index), -1))


def _bases(drafts: Sequence[_Draft]) -> Iterator[int]:
    """The baseline of each word's line: where its first word stands, or as far from the line before as that was."""
    base, pitch, direction = 0, 0, (1.0, 0.0)
    for draft in drafts:
        if draft.opens:
            wanted = draft.origin[1] + draft.word.base
            here = (draft.line.axes.cos, draft.line.axes.sin)
            if here == direction and abs(base + pitch - wanted) <= _PITCH_TOLERANCE:
                base += pitch
            else:
                base, pitch = round(wanted), round(wanted) - base if here == direction else 0
            direction = here
        yield base


def _rises(
    drafts: Sequence[_Draft], heights: Sequence[float], sizes: Sequence[int], *, tolerance: float
) -> Iterator[int]:
    """How far each word stands above the baseline of its line."""
    accepted = []
    for draft, height, size in zip(drafts, heights, sizes, strict=True):
        highest = height + draft.word.bottom + _DEEPEST * size + tolerance / 2
        near = around(height, _BASE_TOLERANCE)
        accepted.append(near if near.high <= highest else Interval(min(near.low, highest - 1), highest))
    for interval in shared(accepted):
        yield 0 if interval.low <= 0 <= interval.high else round(interval.middle)
