"""Letters of the size that Tesseract reads best."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess.downsample import shrink

Pixels = NDArray[np.uint8]

SMALL = 16.0
SMALL_IN_TEXTURE = 12.0
LARGE = 28.0
"""Median letter heights, pixels, between which a page keeps its size. Small letters are misread; large ones take
longer to read and bring their paper's grain along. In a photo of a textured surface the texture would grow into
letters, so that only very small ones are worth it."""
CLEAN_SHARE = 0.62
"""Share of components that are letters in a line, above which a page has no texture."""
ENLARGED = 26.0
SHRUNK = 24.0
"""Median letter heights, pixels, of a resized page."""
DPI = 300
"""Resolution at which print of common sizes has letters of those heights: the hint for a resized page."""
GREATEST = 4.0
"""Largest factor: beyond it there is nothing left to see."""
GREATEST_PIXELS = 40_000_000
GREATEST_SIDE = 32_000
"""Tesseract refuses sides over 32,767 pixels."""


def factor(letter_height: float, size: tuple[int, int], *, letter_share: float = 1.0) -> float:
    """By how much to resize a page of ``size`` (width, height) whose letters have this median height; 1 to keep it.

    ``letter_share`` is the share of its components that are letters in a line.
    """
    width, height = size
    small = SMALL if letter_share >= CLEAN_SHARE else SMALL_IN_TEXTURE
    if not letter_height or small <= letter_height <= LARGE:
        return 1.0
    if letter_height > LARGE:
        return SHRUNK / letter_height
    room: float = min((GREATEST_PIXELS / (width * height)) ** 0.5, GREATEST_SIDE / max(width, height))
    return max(1.0, min(ENLARGED / letter_height, GREATEST, room))


def resize(gray: Pixels, size: tuple[int, int]) -> Pixels:
    """The page at ``size`` (width, height)."""
    # Averaging by a whole factor first is fast, and what linear interpolation is left to do skips no pixel.
    gray = shrink(gray, max(1, round(gray.shape[1] / size[0] - 0.2)))
    how = cv2.INTER_CUBIC if size[0] > gray.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, size, interpolation=how), dtype=np.uint8)
