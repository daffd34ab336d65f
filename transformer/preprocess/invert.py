"""Light text on a dark page, as in dark-mode screenshots and negatives."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess import components

Pixels = NDArray[np.uint8]

DARK = 128
"""A page whose median is lighter is not looked at."""
SAMPLED_PIXELS = 200_000
MARGIN = 1.5
"""How many times as much of the page must look like text once inverted."""


def is_light_on_dark(gray: Pixels) -> bool:
    """Whether the page is dark and its letters are lighter than what is around them."""
    step = max(1, round((gray.size / SAMPLED_PIXELS) ** 0.5))
    if float(np.median(gray[::step, ::step])) >= DARK:
        return False
    dark, light = (len(components.find(picture).right_neighbors[0]) for picture in (gray, negative(gray)))
    return light > MARGIN * dark


def negative(gray: Pixels) -> Pixels:
    """The negative of the page."""
    return np.asarray(cv2.bitwise_not(gray), dtype=np.uint8).reshape(gray.shape)
