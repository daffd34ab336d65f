"""Pages that lie at an angle."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.geometry import Geometry
from transformer.preprocess.glyphs import Glyphs

Pixels = NDArray[np.uint8]

LEAST_CHAINS = 40
"""Chains of letters that it takes to measure an angle."""
LEAST = 0.7
SPREAD = 6.0
DOUBLINGS = 3
"""Chains link letters two to the power of this apart."""


def angle(glyphs: Glyphs) -> tuple[float, float]:
    """Angle of the lines of text in degrees, counterclockwise positive, and the spread between its quartiles.

    Feet of letters eight apart in a line give one slope each; their median leaves descenders and links across
    columns aside. ``(0, 0)`` with too little text.
    """
    follower = np.zeros(len(glyphs.pieces), dtype=np.intp)
    first, second = glyphs.beside
    follower[first] = second
    for _ in range(DOUBLINGS):
        follower = follower[follower]
    start = np.flatnonzero(follower)
    if len(start) < LEAST_CHAINS:
        return 0.0, 0.0
    left, top, width, height = glyphs.pieces[:, :4].T.astype(np.float64)
    feet, middles = top + height, left + width / 2
    end = follower[start]
    slopes = np.degrees(np.arctan2(feet[start] - feet[end], middles[end] - middles[start]))
    low, median, high = np.percentile(slopes, (25, 50, 75))
    return float(median), float(high - low)


def rotate(grey: Pixels, degrees: float) -> tuple[Pixels, Geometry]:
    """The page rotated counterclockwise on a larger white canvas."""
    geometry = Geometry.rotated((grey.shape[1], grey.shape[0]), degrees)
    a, b, c, d, e, f = geometry.matrix
    # OpenCV counts from the middle of the first pixel, Geometry from its corner.
    matrix = np.array([[a, b, c + (a + b - 1) / 2], [d, e, f + (d + e - 1) / 2]])
    turned = cv2.warpAffine(
        grey, matrix, geometry.read, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=255
    )
    return np.asarray(turned, dtype=np.uint8), geometry
