"""Rotation of a page by quarter turns, estimated from its connected components.

Letters of one line stand closer together than lines do, which tells the direction of lines. And in Latin print more
letters rise above their neighbors (b, d, f, h, k, l, t, capitals, accents) than hang below
them (g, j, p, q, y), which shows where the top is: of two neighbors that differ in height, most stand on a common
line at the bottom.
"""

from __future__ import annotations

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from transformer.preprocess.components import Components, Indices, Pixels

LEAST_NEIGHBORS = 24
"""Letters with a neighbor that it takes to decide anything."""
LINES_SHARE = 0.75
"""Share of letters whose nearest neighbor must lie along the lines' direction."""
RATIO = 1.5
DEVIATIONS = 3.5
"""How far the letters that rise must outnumber those that hang: as a ratio, and in standard deviations."""

SHARE = 0.15
"""And as a part of all neighbors: in capitals and digits only Q, J and the comma stand out, and they hang."""
UNCERTAIN_DEVIATIONS = 2.0
"""Standard deviations by which hanging letters outnumber rising ones when the orientation is uncertain."""
ALIGNED = 0.1
OFFSET = 0.18
"""Ends of two letters are aligned or offset when they differ by this part of the taller letter's height."""

Boxes = NDArray[np.int32]
"""``(n, 4)``: left, top, width, height."""


class Orientation(Struct, frozen=True):
    """Estimated rotation of a page."""

    quarter_turns: int
    """Counterclockwise quarter turns that make the page upright; 0 if it is upright or unknown."""
    uncertain: bool
    """Whether the components indicate another rotation without proving it."""
    on_side: bool = False
    """Whether lines run down the page as it is, or up."""


def estimate(found: Components, *, latin: bool = True) -> Orientation:
    """The rotation that the components of letters indicate; without ``latin`` letters only the direction of lines."""
    boxes, right_neighbors, lower_neighbors = found.stats[:, :4], found.right_neighbors, found.lower_neighbors
    across, down = _nearest(boxes, right_neighbors), _nearest(boxes[:, [1, 0, 3, 2]], lower_neighbors)
    along_rows, along_columns = int(np.sum(across < down)), int(np.sum(down < across))
    if along_rows + along_columns < LEAST_NEIGHBORS:
        return Orientation(0, uncertain=False)
    share = along_rows / (along_rows + along_columns)
    if not latin:
        return Orientation(0, uncertain=share < LINES_SHARE, on_side=share <= 1 - LINES_SHARE)
    if share >= LINES_SHARE:
        rising, hanging = _rising_and_hanging(boxes, right_neighbors)
        upside_down = _outnumber(hanging, rising, of=len(right_neighbors[0]))
        return Orientation(
            2 * upside_down,
            uncertain=not upside_down and hanging > rising + UNCERTAIN_DEVIATIONS * (rising + hanging) ** 0.5,
        )
    if share <= 1 - LINES_SHARE:
        # Seen along columns, "above" is to the left: letters that rise to the left need a clockwise rotation.
        rising, hanging = _rising_and_hanging(boxes[:, [1, 0, 3, 2]], lower_neighbors)
        if _outnumber(rising, hanging, of=len(lower_neighbors[0])):
            return Orientation(3, uncertain=False)
        if _outnumber(hanging, rising, of=len(lower_neighbors[0])):
            return Orientation(1, uncertain=False)
        # Digits and capitals in columns set close look the same as rotated lines: components cannot decide.
        return Orientation(0, uncertain=True, on_side=True)
    return Orientation(0, uncertain=False)


def rotate(gray: Pixels, quarter_turns: int) -> Pixels:
    """The page rotated counterclockwise by one, two or three quarter turns; faster than ``numpy.rot90`` and a copy."""
    codes = (cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)
    return np.asarray(cv2.rotate(gray, codes[quarter_turns - 1]), dtype=np.uint8)


def _nearest(boxes: Boxes, pairs: tuple[Indices, Indices]) -> NDArray[np.int64]:
    """Gap between each component and its nearest neighbor along the boxes' first axis; a huge one without any."""
    first, second = pairs
    gaps = boxes[second, 0] - boxes[first, 0] - boxes[first, 2]
    nearest = np.full(len(boxes), np.iinfo(np.int64).max)
    np.minimum.at(nearest, first, gaps)
    np.minimum.at(nearest, second, gaps)
    return nearest


def _rising_and_hanging(boxes: Boxes, pairs: tuple[Indices, Indices]) -> tuple[int, int]:
    """Numbers of pairs aligned at the bottom but not at the top, and aligned at the top but not at the bottom."""
    first, second = boxes[pairs[0]], boxes[pairs[1]]
    height = np.maximum(first[:, 3], second[:, 3])
    tops = np.abs(first[:, 1] - second[:, 1]) / height
    bottoms = np.abs(first[:, 1] + first[:, 3] - second[:, 1] - second[:, 3]) / height
    rising = int(np.sum((bottoms < ALIGNED) & (tops > OFFSET)))
    return rising, int(np.sum((tops < ALIGNED) & (bottoms > OFFSET)))


def _outnumber(many: int, few: int, *, of: int) -> bool:
    return many > SHARE * of and many > RATIO * few and many - few > DEVIATIONS * (many + few) ** 0.5
