"""Text that is hardly darker than its paper, and pages without any text at all."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess import components
from transformer.preprocess.components import Components

Pixels = NDArray[np.uint8]

LEAST_SPREAD = 5
"""Gray levels between the darkest and the lightest parts of a page below which there is nothing to see."""
GREATEST_SPREAD = 80
"""Above this the contrast is good enough to find letters."""
STRONGEST_GRAIN = 30.0
LEAST_BIAS = 2.0
GROUND_SIDE = 51
"""Gray levels by which grain differs from the paper around it at most, how much further marks go to one side than to
the other, and pixels over which paper is averaged."""
LEAST_PAIRS = 3
CLEAN_SHARE = 0.5
"""Neighboring letters that must appear, and their least share of all components: noise has few in line."""
LEAST_SIDE = 5
LEAST_AREA = 4
"""Pixels that a letter measures at least."""
MOST_SPECKS = 20
"""Components of any size that a blank page has at most."""
GREATEST_ASPECT = 12.0
"""Longer and thinner components are rules."""
EDGE_SIDES = 3
SOLID_SHARE = 0.9
"""A component that fills that share of its box and touches three sides of the page is the edge of something else."""
FRAME_SHARE = 0.9
FRAME_THICKNESS = 2.1
"""A component of that share of both sides of the page and no thicker than that is the frame of a cell."""


def is_grain(gray: Pixels, found: Components) -> bool:
    """Whether there is only grain on a page, which is as much lighter as it is darker than the paper around it.

    ``found`` are the components of the page.
    """
    if len(found.right_neighbors[0]) >= LEAST_PAIRS:
        return False
    # Blurred: single pixels of noise are darker and lighter than any letter.
    smooth = cv2.blur(gray, (3, 3))
    side = min(GROUND_SIDE, 2 * (min(gray.shape) // 2) + 1)
    difference = cv2.subtract(smooth, cv2.blur(smooth, (side, side)), dtype=cv2.CV_16S)
    dark, light = float(-difference.min()), float(difference.max())
    return 0 < max(dark, light) < min(STRONGEST_GRAIN, LEAST_BIAS * min(dark, light))


def stretched(gray: Pixels, found: Components) -> Pixels | None:
    """The page at full contrast, if that makes letters of hardly visible marks; else None.

    ``found`` are the components of the page as it is.
    """
    if len(found.right_neighbors[0]) >= LEAST_PAIRS:
        return None
    # Blurred: single pixels of noise are darker and lighter than any letter.
    smooth = cv2.blur(gray, (3, 3))
    low, high = int(smooth.min()), int(smooth.max())
    if not LEAST_SPREAD <= high - low <= GREATEST_SPREAD:
        return None
    scale = 255 / (high - low)
    result = np.clip((gray.astype(np.float32) - low) * scale, 0, 255).astype(np.uint8)
    letters = components.find(result)
    clear = len(letters.right_neighbors[0]) >= LEAST_PAIRS and letters.letter_share >= CLEAN_SHARE
    return result if clear else None


def is_blank(found: Components) -> bool:
    """Whether a page has no ink that may be a letter: nothing at all, or only specks, rules, edges and a frame."""
    width, height, area = found.stats[1:, 2], found.stats[1:, 3], found.stats[1:, 4]
    rows, columns = found.labels.shape
    longer, shorter = np.maximum(width, height), np.minimum(width, height)
    marks = (longer >= LEAST_SIDE) & (area >= LEAST_AREA)
    rules = longer > GREATEST_ASPECT * shorter
    frames = (
        (width > FRAME_SHARE * columns)
        & (height > FRAME_SHARE * rows)
        & (area <= 2 * FRAME_THICKNESS * (width + height))
    )
    left, top = found.stats[1:, 0], found.stats[1:, 1]
    ends = [left <= 0, top <= 0, left + width >= columns, top + height >= rows]
    edges = (np.sum(ends, axis=0) == EDGE_SIDES) & (area > SOLID_SHARE * width * height)
    # Many small ones may be the dots of a matrix printer.
    return not bool((marks & ~rules & ~frames & ~edges).any()) and len(area) <= MOST_SPECKS
