"""Light text on a dark page, as screenshots in dark mode and negatives have it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess import glyphs

Pixels = NDArray[np.uint8]

DARK = 128
"""A page whose median is lighter is not looked at."""
SAMPLED_PIXELS = 200_000
MARGIN = 1.5
"""How many times as much of the page must look like text once inverted."""


def is_light_on_dark(grey: Pixels) -> bool:
    """Whether the page is dark and its letters are lighter than what is around them."""
    step = max(1, round((grey.size / SAMPLED_PIXELS) ** 0.5))
    if float(np.median(grey[::step, ::step])) >= DARK:
        return False
    dark, light = (len(glyphs.find(picture).beside[0]) for picture in (grey, invert(grey)))
    return light > MARGIN * dark


def invert(grey: Pixels) -> Pixels:
    """The negative of the page."""
    return np.asarray(cv2.bitwise_not(grey), dtype=np.uint8).reshape(grey.shape)
