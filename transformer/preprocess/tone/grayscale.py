"""Conversion of color to gray that keeps the contrast of text.

Luma is right for nearly every page. It fails where text differs from its ground in hue more than in lightness
(yellow or light green on white, red on green): there a single channel, or the darkest of the three, keeps the
text apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

EDGE = 60
"""Difference between neighbors, in levels of any one channel, that counts as the edge of a letter."""
LOW_CONTRAST = 0.45
"""Share of an edge's difference below which it counts as lost in the gray picture."""
LOW_CONTRAST_SHARE = 0.12
"""Share of edges of low contrast up to which luma is used."""
SAMPLED_ROWS = 256


def plain(page: Pixels) -> Pixels:
    """Luma of an RGB page ``(h, w, 3)``; a contiguous gray page ``(h, w)`` is returned without a copy."""
    if page.ndim == 2:
        return np.ascontiguousarray(page)
    return np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def readable(page: Pixels) -> Pixels | None:
    """A gray page on which colored text stands out; None where luma does."""
    if page.ndim == 2 or page.shape[1] < 3:
        return None
    rows = np.ascontiguousarray(page[:: max(1, page.shape[0] // SAMPLED_ROWS)])
    differences = _extreme(cv2.max, _differences(rows))
    edges = differences >= EDGE
    if not edges.any():
        return None
    kept = LOW_CONTRAST * differences[edges]

    def loss_of(sample: Pixels) -> float:
        return float(np.mean(_differences(sample)[edges] < kept))

    loss = loss_of(plain(rows))
    if loss <= LOW_CONTRAST_SHARE:
        return None
    losses = [loss_of(_projection(rows, kind)) for kind in range(4)]
    best = int(np.argmin(losses))
    return _projection(page, best) if losses[best] <= loss / 2 else None


def _differences(rows: Pixels) -> Pixels:
    """Differences between pixels two apart along each row: two, since scans blur an edge over that much."""
    return np.asarray(cv2.absdiff(rows[:, 2:], rows[:, :-2]), dtype=np.uint8)


def _projection(page: Pixels, kind: int) -> Pixels:
    """One channel (0 to 2) or the darkest of the three (3)."""
    if kind < 3:
        return np.ascontiguousarray(page[:, :, kind])
    return _extreme(cv2.min, page)


def _extreme(choose: Callable[..., Any], page: Pixels) -> Pixels:
    """The least or greatest of the three channels."""
    red, green, blue = cv2.split(page)
    return np.asarray(choose(choose(red, green), blue), dtype=np.uint8)
