"""Uneven light, tinted paper and show-through: the page divided by its own background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess.downsample import shrink

Pixels = NDArray[np.uint8]

CELLS = 200
"""Cells along the longer side of the copy on which the background is estimated."""
CLEAN_LEVEL = 225
"""Paper at least this bright everywhere needs nothing."""
CLEAN_SPREAD = 12
"""Levels between the dark and the bright parts of the paper below which its light is even."""


def uneven(gray: Pixels) -> Pixels | None:
    """Brightness of the paper on a small copy of the page; None if it is bright and evenly lit."""
    height, width = gray.shape
    cell = max(1.0, max(height, width) / CELLS)
    size = (max(1, round(width / cell)), max(1, round(height / cell)))
    gray = shrink(gray, int(cell))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    # A closing fills letters and leaves the rim of a sheet where it is: a maximum alone would spread a light
    # surround into darker paper, and shade the text there. The median takes specks of light away.
    bright = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((7, 7), dtype=np.uint8))
    if _is_even(float(bright.min()), float(bright.max())):
        return None  # so is every median, which takes as long as all before it
    paper = np.asarray(cv2.medianBlur(bright, 7), dtype=np.uint8)
    return None if _is_even(*np.percentile(paper, (5, 95))) else paper


def _is_even(dark: float, bright: float) -> bool:
    """Whether paper of these levels is so bright and even that dividing by it would change nothing."""
    return dark >= CLEAN_LEVEL and bright - dark <= CLEAN_SPREAD


def flatten(gray: Pixels, paper: Pixels) -> Pixels:
    """The page with its paper at white everywhere."""
    height, width = gray.shape
    full = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(gray, full, scale=255), dtype=np.uint8)
