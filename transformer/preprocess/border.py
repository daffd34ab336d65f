"""Dark edges: scanner lids, book gutters, the table around a photographed sheet, the shadow of a sheet's rim.

Tesseract takes a page inside a dark frame for a picture, and reads letters into ragged edges.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.preprocess import glyphs, polarity
from transformer.preprocess.glyphs import Glyphs
from transformer.preprocess.sampling import shrink

Pixels = NDArray[np.uint8]

DARK = 170
"""Levels under which a thick area is dark."""
LETTER_CELLS = 6
"""Height of a letter on the small copy: its strokes are then one cell wide or less, edges several."""
THICK = 5
"""Least thickness of an edge on the small copy."""
MARGIN = 0.015
"""An edge begins this close to the page's side, as a part of the longer side."""
LONG = 0.15
"""Least length of an edge, as a part of the page's shorter side."""
FRAME = 0.6
"""A dark area that spans this part of the width or of the height is a side of a frame wherever it lies."""
TEXT_PAIRS = 6
"""Pairs of letters, dark or light, on dark areas that make them part of the page."""
LIGHT_HEIGHT = 10
"""Height, pixels, that dark letters would have on the copy on which light ones are looked for."""


def find(grey: Pixels, letters: Glyphs) -> Pixels | None:
    """Mask of the dark edges at a smaller size, 255 for edge; None when there are none."""
    if not letters.height:
        return None
    factor = max(2.0, letters.height / LETTER_CELLS)
    size = (round(grey.shape[1] / factor), round(grey.shape[0] / factor))
    if min(size) < 4 * THICK:
        return None
    # Pixels in between may be left out: what is looked for is thicker than many of them.
    small = cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR)
    dark = cv2.threshold(small, DARK, 255, cv2.THRESH_BINARY_INV)[1]
    thick = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((THICK, THICK), np.uint8), borderType=cv2.BORDER_REPLICATE)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(thick, connectivity=8, ltype=cv2.CV_32S)
    edges = [number for number in range(1, count) if _is_edge(stats[number], size)]
    if not edges:
        return None
    mask: Pixels = np.isin(labels, edges).astype(np.uint8) * np.uint8(255)
    light = shrink(polarity.invert(grey), max(1, int(letters.height / LIGHT_HEIGHT)))
    filled: Pixels = np.asarray(
        cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3 * THICK, 3 * THICK), np.uint8)), dtype=np.uint8
    )
    if max(_pairs_inside(filled, found) for found in (letters, glyphs.find(light))) >= TEXT_PAIRS:
        return None
    return np.asarray(cv2.dilate(mask, np.ones((THICK, THICK), np.uint8)), dtype=np.uint8)


def _is_edge(piece: NDArray[np.int32], size: tuple[int, int]) -> bool:
    left, top, width, height = (int(value) for value in piece[:4])
    if width > FRAME * size[0] or height > FRAME * size[1]:
        return True
    margin = 1 + MARGIN * max(size)
    near = min(left, top, size[0] - left - width, size[1] - top - height) <= margin
    return near and max(width, height) > LONG * min(size)


def _pairs_inside(mask: Pixels, letters: Glyphs) -> int:
    """Pairs of letters that stand on the mask: on title bars and dark panels they do, on true edges not."""
    left, top, width, height = letters.pieces[letters.beside[0], :4].T
    rows, columns = letters.labels.shape
    x = ((left + width / 2) * mask.shape[1] / columns).astype(int)
    y = ((top + height / 2) * mask.shape[0] / rows).astype(int)
    return int(np.count_nonzero(mask[y, x]))


def cleared(grey: Pixels, mask: Pixels) -> Pixels:
    """The page with its edges white."""
    full = cv2.resize(mask, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.max(grey, full), dtype=np.uint8)
