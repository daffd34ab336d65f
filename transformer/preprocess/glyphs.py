"""What the letters of a page look like: the measurement that several steps decide by."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

MEASURED_PIXELS = 4_000_000
"""Pages with more pixels are measured on a smaller copy."""
INK_OFFSET = 20
"""Levels by which ink is darker than the mean around it."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Boxes of the connected pieces of ink that may be letters, in pixels of the measured page."""

    boxes: NDArray[np.float64]
    """``(n, 4)``: left, top, width, height."""
    areas: NDArray[np.float64]
    """``(n,)``: pixels of ink."""

    @property
    def height(self) -> float:
        """Median height, 0 with no letters."""
        return float(np.median(self.boxes[:, 3])) if len(self.boxes) else 0.0


def ink_mask(grey: Pixels) -> Pixels:
    """255 where a pixel is darker than its surroundings, 0 elsewhere."""
    window = max(15, min(grey.shape) // 24 | 1)
    local = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, INK_OFFSET
    )
    return np.asarray(local, dtype=np.uint8)


def find(grey: Pixels) -> Glyphs:
    """The letters of a grey page with dark text."""
    factor = max(1.0, (grey.size / MEASURED_PIXELS) ** 0.5)
    if factor > 1:
        size = (max(1, round(grey.shape[1] / factor)), max(1, round(grey.shape[0] / factor)))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    else:
        small = grey
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink_mask(small), connectivity=8, ltype=cv2.CV_32S)
    pieces = np.asarray(stats[1:], dtype=np.float64)
    width, height, area = pieces[:, 2], pieces[:, 3], pieces[:, 4]
    # Dots and commas are too small, rules too flat or too tall, pictures and frames too large to be letters.
    letters = (
        (height >= 4)
        & (width >= 2)
        & (area >= 8)
        & (height <= small.shape[0] / 3)
        & (width < 6 * height)
        & (height < 6 * width)
        & (area > 0.08 * width * height)
    )
    return Glyphs(boxes=pieces[letters, :4] * factor, areas=pieces[letters, 4] * factor**2)
