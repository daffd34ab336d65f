"""Scanner edges: dark strips along the sides of a page, where the glass was larger than the sheet.

Tesseract takes them for pictures, and pictures that touch them for part of the frame; text beside them gets lost.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from transformer.preprocess.downsample import shrink

Pixels = NDArray[np.uint8]

MEASURED_PIXELS = 600_000
"""Pages with more pixels are measured on a smaller copy."""
DARK = 96
"""Darker pixels may be a scanner's edge; what lies around a sheet on a photo is rarely as dark once light is even."""
LIGHT = 200
"""Paper is lighter."""
MOSTLY = 0.7
"""Share of a line along a side that is dark where a strip begins."""
NEAREST = 0.01
"""Share of the page within which a strip begins."""
DEEPEST = 0.2
"""Share of the page that a strip takes up at most; what goes on further is part of the page."""
LEAST = 0.004
"""Share of the page that a strip takes up at least."""
SLANT = 0.02
"""Share of the page by which a strip may be deeper at one end."""
CHANGES = 6
"""Changes between dark and light along a line; more of them are letters, or the ragged inner side of a strip."""
LETTERS = 0.1
"""Share of a strip's lines with more changes, its inner side left out, from which on it is a bar with text in it."""


def whitened(gray: Pixels) -> Pixels | None:
    """The page, dark on light, with its scanner edges painted white; None if it has none."""
    factor = max(1, round((gray.size / MEASURED_PIXELS) ** 0.5))
    if not _may_begin(gray, factor):
        return None
    dark = shrink(gray, factor) < DARK
    result = None
    for axis, from_end in product((0, 1), (False, True)):
        lines = dark if axis == 0 else dark.T
        depth = _depth(lines[::-1] if from_end else lines)
        if depth:
            result = gray.copy() if result is None else result
            whole = result if axis == 0 else result.T
            _paint(whole[::-1] if from_end else whole, min(len(whole), -(-depth * len(whole) // len(lines))))
    return result


def _may_begin(gray: Pixels, factor: int) -> bool:
    """Whether a strip begins near any side, on the copy that is smaller by ``factor``; few pages have one."""
    height, width = gray.shape[0] // factor, gray.shape[1] // factor
    if not height or not width:
        return True
    rows, columns = (int(NEAREST * side) + 1 for side in (height, width))
    whole = gray[: height * factor, : width * factor]
    deep, wide = rows * factor, columns * factor
    sides = (whole[:deep], whole[-deep:], whole[:, :wide], whole[:, -wide:])
    return any(
        ((shrink(side, factor) < DARK).mean(axis=axis) >= MOSTLY).any()
        for side, axis in zip(sides, (1, 1, 0, 0), strict=True)
    )


def _paint(page: Pixels, depth: int) -> None:
    """Whiten edge rows and dark areas that touch them: on a skewed sheet the border is slanted."""
    page[:depth] = 255
    beyond = page[depth : depth + min(depth, int(SLANT * len(page)))]
    beyond[np.logical_and.accumulate(beyond < LIGHT, axis=0)] = 255


def _depth(dark: NDArray[np.bool_]) -> int:
    """How many lines, from the first one on, are a scanner's edge; 0 if there is none."""
    deepest = int(DEEPEST * len(dark))
    near = dark[: deepest + 1]
    filled = near.mean(axis=1)
    begins = np.flatnonzero(filled >= MOSTLY)
    if not len(begins) or begins[0] > NEAREST * len(dark):
        return 0
    ends = np.flatnonzero(filled[begins[0] :] < MOSTLY / 2)
    depth = int(begins[0] + ends[0]) if len(ends) else 0
    if depth < LEAST * len(dark):
        return 0
    changes = np.count_nonzero(near[:depth, 1:] != near[:depth, :-1], axis=1)
    plain = np.flatnonzero((filled[:depth] >= MOSTLY) & (changes <= CHANGES))
    return depth if len(plain) and np.mean(changes[begins[0] : plain[-1] + 1] > CHANGES) <= LETTERS else 0
