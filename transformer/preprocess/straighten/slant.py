"""Slant of upright strokes: on a sheet photographed at an angle letters still lean once its lines are level."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess.components import Components

Pixels = NDArray[np.uint8]

LEAST = 0.06
"""Run over rise below which strokes count as upright; a few degrees do not disturb recognition."""
GREATEST = 0.4
STEEP = 0.5
"""Greatest ratio of vertical to horizontal change at the edge of an upright stroke."""
LEAST_CHANGE = 150.0
"""Response of the Sobel operator at the edge of a stroke."""
LEAST_EDGES = 500
"""Pixels of edges that it takes to measure a slant."""
BINS = 81
SMOOTH = np.array([1.0, 2, 3, 4, 5, 4, 3, 2, 1]) / 25


def measure(found: Components, *, degrees: float = 0.0) -> float:
    """Run over rise of upright strokes once the page is rotated counterclockwise by ``degrees``.

    Positive if they lead to the right downwards; 0 if they are upright, or too few.

    ``found`` are the components of a page with dark text. The slant is the one that most edges of letters have, by the
    direction of their gradient.
    """
    member = np.zeros(len(found.stats), dtype=np.uint8)
    member[found.in_rows] = 1
    near = cv2.dilate(np.take(member, found.labels, mode="wrap"), np.ones((3, 3), np.uint8)) > 0
    small = found.gray
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0)[near], cv2.Sobel(small, cv2.CV_32F, 0, 1)[near]
    strength = np.abs(across)
    upright = (strength > LEAST_CHANGE) & (np.abs(down) < STEEP * strength)
    if np.count_nonzero(upright) < LEAST_EDGES:
        return 0.0
    slants = -down[upright] / across[upright]
    counts, edges = np.histogram(slants, bins=BINS, range=(-GREATEST, GREATEST), weights=strength[upright])
    commonest = int(np.argmax(np.convolve(counts, SMOOTH, mode="same")))
    run = float(edges[commonest] + edges[commonest + 1]) / 2
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    slant = (cos * run + sin) / (cos - sin * run)
    return slant if LEAST <= abs(slant) <= GREATEST else 0.0
