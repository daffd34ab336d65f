"""Downsampled copies of a page, for measurements."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def shrink(gray: Pixels, factor: int) -> Pixels:
    """The page with squares of ``factor`` pixels a side averaged; leftover rows and columns are dropped."""
    height, width = gray.shape[0] // factor, gray.shape[1] // factor
    if factor == 1 or not height or not width:
        return gray
    # Only for whole factors, hence the crop, does OpenCV take its fast path: 1 ms instead of 20 for a page.
    whole = gray[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
