"""Which way up a page lies, from its letters alone.

Letters of one line stand closer together than lines do, which tells the direction of lines. And in Latin, Greek
and Cyrillic print more letters rise above their neighbours (b, d, f, h, k, l, t, capitals, accents) than hang below
them (g, j, p, q, y), which tells top from bottom: of two neighbours that differ in height, most stand on a common
line at the bottom.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess.glyphs import Glyphs, Indices, Pixels

LEAST_NEIGHBOURS = 24
"""Letters with a neighbour that it takes to decide anything."""
LINES_SHARE = 0.75
"""Share of letters whose nearest neighbour must lie along the lines' direction."""
RATIO = 1.5
DEVIATIONS = 3.5
"""How far the letters that rise must outnumber those that hang: as a ratio, and in standard deviations."""

SHARE = 0.15
"""And as a part of all neighbours: in capitals and digits only Q, J and the comma stand out, and they hang."""
HINT = 2.0
"""Standard deviations by which hanging letters outnumber rising ones when a page is in doubt."""
LEVEL = 0.1
APART = 0.18
"""Ends of two letters are level or apart when they differ by this part of the taller letter's height."""

Boxes = NDArray[np.int32]
"""``(n, 4)``: left, top, width, height."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How to turn a page upright."""

    quarters: int
    """Counterclockwise turns by 90° that bring the page upright; 0 when upright or unknown."""
    doubt: bool
    """Whether the letters hint at another turn without settling it."""


def find(glyphs: Glyphs) -> Orientation:
    """The orientation that the page's letters show."""
    boxes, beside, below = glyphs.pieces[:, :4], glyphs.beside, glyphs.below
    across, down = _nearest(boxes, beside), _nearest(boxes[:, [1, 0, 3, 2]], below)
    along_rows, along_columns = int(np.sum(across < down)), int(np.sum(down < across))
    if along_rows + along_columns < LEAST_NEIGHBOURS:
        return Orientation(0, doubt=False)
    share = along_rows / (along_rows + along_columns)
    if share >= LINES_SHARE:
        rising, hanging = _rising_and_hanging(boxes, beside)
        turned = _outnumber(hanging, rising, of=len(beside[0]))
        return Orientation(2 * turned, doubt=not turned and hanging > rising + HINT * (rising + hanging) ** 0.5)
    if share <= 1 - LINES_SHARE:
        # Seen along columns, "above" is to the left: letters that rise to the left need a clockwise turn.
        rising, hanging = _rising_and_hanging(boxes[:, [1, 0, 3, 2]], below)
        if _outnumber(rising, hanging, of=len(below[0])):
            return Orientation(3, doubt=False)
        if _outnumber(hanging, rising, of=len(below[0])):
            return Orientation(1, doubt=False)
        # Digits and capitals in columns set close look the same as lines on end: not for pixels to decide.
        return Orientation(0, doubt=True)
    return Orientation(0, doubt=False)


def turned(grey: Pixels, quarters: int) -> Pixels:
    """The page turned counterclockwise by one, two or three quarters, as ``numpy.rot90`` turns it, but fast."""
    ways = (cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)
    return np.asarray(cv2.rotate(grey, ways[quarters - 1]), dtype=np.uint8)


def _nearest(boxes: Boxes, pairs: tuple[Indices, Indices]) -> NDArray[np.int64]:
    """Gap between each piece and its nearest neighbour along the boxes' first axis; a huge one without any."""
    first, second = pairs
    gaps = boxes[second, 0] - boxes[first, 0] - boxes[first, 2]
    nearest = np.full(len(boxes), np.iinfo(np.int64).max)
    np.minimum.at(nearest, first, gaps)
    np.minimum.at(nearest, second, gaps)
    return nearest


def _rising_and_hanging(boxes: Boxes, pairs: tuple[Indices, Indices]) -> tuple[int, int]:
    """Neighbours level at the bottom but not at the top, and the other way round."""
    first, second = boxes[pairs[0]], boxes[pairs[1]]
    height = np.maximum(first[:, 3], second[:, 3])
    tops = np.abs(first[:, 1] - second[:, 1]) / height
    bottoms = np.abs(first[:, 1] + first[:, 3] - second[:, 1] - second[:, 3]) / height
    rising = int(np.sum((bottoms < LEVEL) & (tops > APART)))
    return rising, int(np.sum((tops < LEVEL) & (bottoms > APART)))


def _outnumber(many: int, few: int, *, of: int) -> bool:
    return many > SHARE * of and many > RATIO * few and many - few > DEVIATIONS * (many + few) ** 0.5
