"""Letters of the size that Tesseract reads best."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

LARGE = 28.0
WANTED_LARGE = 24.0
SMALL = 18.0
"""Median letter height, pixels, under which a page is enlarged."""
WANTED = 26.0
"""Median letter height, pixels, of an enlarged page."""
MOST = 4.0
"""Largest factor: beyond it there is nothing left to see."""
MOST_PIXELS = 40_000_000
MOST_SIDE = 32_000
"""Tesseract refuses sides over 32,767 pixels."""


def factor(glyph_height: float, width: int, height: int) -> float:
    """How much to enlarge a page whose letters have this median height; 1 when it should stay."""
    if glyph_height > LARGE:
        return WANTED_LARGE / glyph_height
    if not 0 < glyph_height < SMALL:
        return 1.0
    room: float = min((MOST_PIXELS / (width * height)) ** 0.5, MOST_SIDE / max(width, height))
    return max(1.0, min(WANTED / glyph_height, MOST, room))


def resize(grey: Pixels, size: tuple[int, int]) -> Pixels:
    """The page at ``size`` (width, height)."""
    return np.asarray(
        cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC if size[0] > grey.shape[1] else cv2.INTER_AREA),
        dtype=np.uint8,
    )
