"""Textured surroundings of a photographed sheet: the table, stone or cloth that it lies on, painted white.

Grains of a texture look like letters. They keep a page from being scaled, and the engine takes them for text or for
pictures that swallow the text beside them. Unlike letters they never stand in straight rows; and unlike a mark on the
sheet they lie close together up to the edge of the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from transformer.preprocess.components import Components, Indices

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_LETTERS = 24
"""Letters in straight rows that it takes to know where the text is."""
LEAST_GRAINS = 100
"""Components outside the text that make a texture, and ..."""
GRAIN_SHARE = 0.25
"""... their least number as a share of the letters in straight rows."""
LEAST_IN_AREA = 5
"""Grains of one area of it; what is left of a texture in the corners of a picture may be small."""
LETTER_SHARE = 0.15
"""Share of letters in straight rows among the components of an area from which on it is text."""
SLOPE = 0.08
"""Rise over run by which a row may differ from the others."""
LEAST_NEAR = 9
NEAR = 10.0
"""Letters in straight rows that stand within a square of that side, in median letter heights, where there is text."""
LETTER_SIZE = (0.5, 2.0)
"""Heights of letters, in median heights of those in straight rows."""
SPECK = 3
"""Pixels below which a component does not count."""
ROW_GAP = 1.2
ROW_LEVEL = 0.3
STRAIGHT = 0.1
"""Gap between letters of a row, difference between their tops or bottoms, and how far the middle one of three may lie
off the line through the others, in heights of a letter."""
REACH = 0.6
"""Distance, in median letter heights, over which grains of one texture hang together."""
MARGIN = 0.5
"""Distance, in median letter heights, around the text that stays as it is."""
FILLED = 3.0
"""Width, in median letter heights, of gaps in a texture that belong to it."""
STEP = 4
"""Pixels of the measured copy per pixel of the mask in which gaps are filled."""


def whitened(gray: Pixels, found: Components) -> Pixels | None:
    """A gray ``(h, w)`` uint8 page, dark on light, with the texture around its text painted white; None if it has none.

    ``found`` are the components of the page.
    """
    rows = _rows_of_letters(found)
    letters = rows & (_near_members(found, rows) >= LEAST_NEAR)
    if np.count_nonzero(letters) < LEAST_LETTERS:
        return None
    boxes = found.stats[:, :4]
    text = _hull(boxes[letters], found.labels.shape)
    height = float(np.median(boxes[letters, 3]))
    middles = boxes[:, :2] + boxes[:, 2:] // 2
    grains = np.maximum(boxes[:, 2], boxes[:, 3]) >= SPECK
    grains &= text[middles[:, 1].clip(0, text.shape[0] - 1), middles[:, 0].clip(0, text.shape[1] - 1)] == 0
    grains[0] = False
    if np.count_nonzero(grains) < max(LEAST_GRAINS, GRAIN_SHARE * np.count_nonzero(letters)):
        return None
    texture = _texture(found, grains & ~rows, letters, reach=REACH * height)
    if texture is None:
        return None
    filled = cv2.resize(_filled(texture, width=FILLED * height), text.shape[::-1], interpolation=cv2.INTER_NEAREST)
    side = 2 * round(MARGIN * height) + 1
    filled[cv2.dilate(text, np.ones((side, side), np.uint8)) > 0] = 0
    painted = cv2.resize(filled, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(np.where(painted > 0, np.uint8(255), gray))


def _rows_of_letters(found: Components) -> Mask:
    """As :func:`in_straight_rows`, but without components of other sizes than those letters.

    Neighbors are looked for as far away as fits the letters of a page, and grains may be smaller than those; a decimal
    point must not part a price.
    """
    rows = in_straight_rows(found)
    if np.count_nonzero(rows) < LEAST_LETTERS:
        return rows
    low, high = (share * float(np.median(found.stats[rows, 3])) for share in LETTER_SIZE)
    heights = found.stats[found.letters, 3]
    large = np.where(found.stats[:, 2:4].max(axis=1) >= low, np.arange(len(found.stats)), 0).astype(found.labels.dtype)
    return in_straight_rows(
        replace(
            found,
            labels=np.take(large, found.labels, mode="wrap"),
            letters=found.letters[(heights >= low) & (heights <= high)],
        )
    )


def in_straight_rows(found: Components) -> Mask:
    """``(n,)`` for every component whether it is one of three or more letters that stand in a straight row.

    Rows must have the slope that rows of four usually have: three grains in a row are common, but lead anywhere.
    """
    following, preceding = _row_neighbors(found)
    middle: Indices = np.flatnonzero((following > 0) & (preceding > 0))
    left, top, width, height = found.stats[:, :4].T.astype(np.float64)
    centers = left + width / 2
    before, after = preceding[middle], following[middle]
    run = np.maximum(1, centers[after] - centers[before])
    share = (centers[middle] - centers[before]) / run
    slack = np.maximum(1.2, STRAIGHT * height[middle])
    slope = np.full(len(middle), np.nan)
    for ends in (top, top + height):
        rise = ends[after] - ends[before]
        straight = np.abs(ends[before] + rise * share - ends[middle]) <= slack
        slope[straight] = (rise / run)[straight]
    is_middle = np.zeros(len(found.stats), dtype=np.bool_)
    is_middle[middle[~np.isnan(slope)]] = True
    of_four = is_middle[middle] & (is_middle[before] | is_middle[after])
    usual = float(np.median(slope[of_four])) if of_four.any() else 0.0
    kept = np.abs(slope - usual) <= SLOPE
    members = np.zeros(len(found.stats), dtype=np.bool_)
    members[middle[kept]] = members[before[kept]] = members[after[kept]] = True
    members[0] = False
    return members


def _near_members(found: Components, members: Mask) -> NDArray[np.float32]:
    """``(n,)`` for every component how many members there are around it, itself included."""
    cell = NEAR / 5 * float(np.median(found.stats[members, 3])) if members.any() else NEAR
    middles = found.stats[:, :2] + found.stats[:, 2:4] / 2
    column, row = (middles / cell).astype(np.intp).T
    counts = np.zeros((int(row.max()) + 1, int(column.max()) + 1), dtype=np.float32)
    np.add.at(counts, (row[members], column[members]), 1)
    sums = cv2.boxFilter(counts, -1, (5, 5), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(sums.reshape(counts.shape)[row, column], dtype=np.float32)


def _row_neighbors(found: Components) -> tuple[Indices, Indices]:
    """For every component the next and the previous letter of its row; 0 without any."""
    first, second = found.right_neighbors
    left, top, width, height = found.stats[:, :4].T.astype(np.float64)
    bottom, taller = top + height, np.maximum(height[first], height[second])
    offset = np.minimum(np.abs(top[first] - top[second]), np.abs(bottom[first] - bottom[second]))
    fits = (
        (taller <= 2 * np.minimum(height[first], height[second]))
        & (left[second] - left[first] - width[first] < ROW_GAP * taller)
        & (offset <= ROW_LEVEL * taller + 1)
    )
    following, preceding = np.zeros((2, len(found.stats)), dtype=np.intp)
    following[first[fits]] = second[fits]
    preceding[second[fits]] = first[fits]
    return following, preceding


def _hull(boxes: NDArray[np.int32], shape: tuple[int, ...]) -> Pixels:
    """1 inside the convex hull of the boxes, 0 elsewhere."""
    x0, y0, width, height = boxes.T
    x1, y1 = x0 + width, y0 + height
    corners = np.stack([np.concatenate([x0, x1, x0, x1]), np.concatenate([y0, y0, y1, y1])], axis=1)
    mask = np.zeros(shape, dtype=np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(corners.astype(np.int32)), 1)
    return mask


def _texture(found: Components, grains: Mask, letters: Mask, *, reach: float) -> Mask | None:
    """Where grains hang together in areas that touch the edge of the page; None if they are few."""
    side = 2 * max(1, round(reach)) + 1
    spread = cv2.dilate(np.take(grains.astype(np.uint8), found.labels, mode="wrap"), np.ones((side, side), np.uint8))
    count, areas, stats, _ = cv2.connectedComponentsWithStats(spread, connectivity=8, ltype=cv2.CV_32S)
    x0, y0, width, height, _ = stats.T
    rows, columns = areas.shape
    touching = (x0 == 0) | (y0 == 0) | (x0 + width == columns) | (y0 + height == rows)
    seen = found.stats[:, :2] + found.stats[:, 2:4] // 2
    area = areas[seen[:, 1].clip(0, rows - 1), seen[:, 0].clip(0, columns - 1)]
    grain_count = np.bincount(area[grains], minlength=count)
    letter_count = np.bincount(area[letters], minlength=count)
    chosen = touching & (grain_count >= LEAST_IN_AREA) & (letter_count < LETTER_SHARE * grain_count)
    chosen[0] = False
    return chosen[areas] if grain_count[chosen].sum() >= LEAST_GRAINS else None


def _filled(texture: Mask, *, width: float) -> Pixels:
    """The texture without gaps up to ``width`` pixels, also those between it and the edge; on a reduced copy."""
    reach = max(1, round(width / 2 / STEP))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    # What lies beyond the edge is texture, too, so that it is filled up to there.
    small = np.pad(texture[::STEP, ::STEP].astype(np.uint8), 2 * reach, mode="edge")
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel)
    return np.ascontiguousarray(closed[2 * reach : -2 * reach, 2 * reach : -2 * reach])
