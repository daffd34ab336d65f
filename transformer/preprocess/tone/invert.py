"""Light text on darker ground, anywhere on a page: banners, table headers, dark screens, colored posters, negatives.

Light components that look like letters vote for the evenly colored area around them, dark ones vote against it. Where
light ones win, the area is inverted and its contrast stretched, so that every region of the page becomes dark text on
white. Areas without letters, such as photos, stay unchanged.
"""

from __future__ import annotations

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from transformer.preprocess import components
from transformer.preprocess.components import Components
from transformer.preprocess.downsample import shrink

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Labels = components.Labels

SCREENED_PIXELS = 1_000_000
"""Larger pages are searched on a copy of half the size first; few have light text at all."""
LEAST_CONTRAST = 18
"""Levels by which a letter must be lighter or darker than the ground around it."""
RING = 2
"""Distance in pixels between the box of a component and the samples of the ground around it."""
RING_SHARE = 0.7
"""Share of these samples that must have at least half of the component's contrast."""
SIDE: Floats = np.array([0.1, 0.37, 0.63, 0.9])
GRID: Floats = (np.arange(6) + 0.5) / 6
"""Positions of samples along each side of a box, and of those within a box."""
ALIGNED = 0.15
"""Difference between the tops, or bottoms, of two letters in a line, as a share of the height of the taller."""
LEAST_LETTERS = 3
"""Light letters that an area must have."""
LETTER_SHARE = 0.4
"""Share of the light components of an area that must be letters in a line; in noise and pictures few are."""
SPECK = 3
"""Pixels below which a component does not count."""
MARGIN = 1.5
"""Ratio of votes for light text to votes for dark text above which an area is inverted."""
EDGE_SHARE = 0.25
LEAST_EDGE = 10
"""Difference between adjacent pixels, as a share of the contrast of letters and in levels, that separates areas."""
FULL_CONTRAST = 235
GREATEST_GAIN = 8.0
"""Contrast of letters in an inverted area, and the largest factor by which contrast is stretched."""
SPARSE_RATIO = 3.0
"""Ratio of light marks to dark ones above which a page with few letters has light text."""
DARK_AREA = 110
"""On a page that is mostly inverted, areas without letters are inverted too if they are darker."""
LARGE_AREA = 6.0
"""Shorter side, in median letter heights, of an area that counts as ground although it has no letters."""
GROUND_REACH = 3.0
"""Radius, in median letter heights, over which the color of the ground is averaged."""


class Inversion(Struct, frozen=True):
    """Which parts of a page to invert, on the reduced copy on which components are measured."""

    ground: Pixels
    """``(h, w)``: local gray level of the ground in the areas to invert."""
    gain: NDArray[np.float32]
    """``(h, w)``: factor from difference to the ground to darkness; 0 where the page stays unchanged."""


class _Letters(Struct, frozen=True):
    """Components that contrast with the ground around them on all sides."""

    contrast: Floats
    """``(n,)`` levels."""
    labels: components.Indices
    """``(n,)`` labels of the components."""
    rows: components.Indices
    columns: components.Indices
    """``(n, 16)``: positions of samples around each component."""


class _Decision(Struct, frozen=True):
    """For every area whether to invert it or to keep it, and the mean contrast of its light letters."""

    inverted: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    contrast: Floats


def find(dark: Components) -> Inversion | None:
    """The areas with light text on a page; None if there are none.

    ``dark`` are the components of the page as dark text on light.
    """
    small = dark.gray
    if small.size > SCREENED_PIXELS and not _has_light_letters(shrink(small, 2)):
        return None
    light = _of_light_ink(small, factor=dark.factor)
    lighter = _letters(light)
    if len(lighter.labels) < LEAST_LETTERS:
        return None
    areas, stats = _areas(small, float(np.median(lighter.contrast)))
    votes, contrast = _votes(areas, lighter, count=len(stats))
    against, _ = _votes(areas, _letters(dark), count=len(stats))
    inverted = (votes >= LEAST_LETTERS) & (votes > MARGIN * against)
    inverted &= votes > LETTER_SHARE * _crowd(areas, light, count=len(stats))
    inverted[0] = False
    if not inverted.any():
        return None
    height = light.height / light.factor or float(np.median(light.stats[lighter.labels, 3]))
    kept = ~inverted & (
        ((against >= LEAST_LETTERS) & (against > votes)) | (stats[:, 2:4].min(axis=1) > LARGE_AREA * height)
    )
    if stats[inverted, 4].sum() > small.size / 2:
        sampled, level = areas[::2, ::2].ravel(), small[::2, ::2].ravel()
        size = np.bincount(sampled, minlength=len(stats))
        mean = np.bincount(sampled, weights=level, minlength=len(stats)) / np.maximum(size, 1)
        inverted |= kept & (against == 0) & (mean < DARK_AREA)
    inverted[0] = kept[0] = False
    kept &= ~inverted
    # Every other pixel is enough to draw the areas: their edges are blurred over as much.
    small, areas = np.ascontiguousarray(small[::2, ::2]), areas[::2, ::2].copy()
    return _inversion(small, areas, _Decision(inverted, kept, contrast), height=height / 2)


def find_sparse(gray: Pixels) -> Inversion | None:
    """The page as one area of light text, if it has hardly any other than light marks: a word or a number.

    For pages with too few letters to find areas with.
    """
    counts = cv2.calcHist([gray], [0], None, [256], [0, 256]).ravel()  # of a large page, without copies of it as floats
    levels = np.arange(256)
    ground = float(np.searchsorted(np.cumsum(counts), gray.size / 2))
    light = (np.maximum(levels - ground - LEAST_CONTRAST, 0) * counts).sum()
    dark = (np.maximum(ground - levels - LEAST_CONTRAST, 0) * counts).sum()
    if light <= SPARSE_RATIO * dark:
        return None
    lightest = float(levels[counts > 0].max())
    gain = min(FULL_CONTRAST / max(lightest - ground, 1.0), GREATEST_GAIN)
    return Inversion(np.full((1, 1), round(ground), np.uint8), np.full((1, 1), gain, np.float32))


def apply(gray: Pixels, inversion: Inversion) -> Pixels:
    """The page with its areas of light text made dark on white."""
    height, width = gray.shape
    gain = cv2.resize(inversion.gain, (width, height), interpolation=cv2.INTER_NEAREST)
    ground = cv2.resize(inversion.ground, (width, height), interpolation=cv2.INTER_LINEAR)
    lighter = cv2.subtract(gray, ground)
    changed = 255 - np.minimum(lighter * gain, 255)
    return np.where(gain > 0, changed, gray).astype(np.uint8)


def negative(gray: Pixels) -> Pixels:
    """The negative of the page."""
    return np.asarray(cv2.bitwise_not(gray), dtype=np.uint8).reshape(gray.shape)


def _has_light_letters(gray: Pixels) -> bool:
    return len(_letters(_of_light_ink(gray, factor=1.0)).labels) >= LEAST_LETTERS


def _of_light_ink(gray: Pixels, *, factor: float) -> Components:
    """Components of light text on dark ground, of a copy of a page that is smaller by ``factor``."""
    inverse = negative(gray)
    return components.of_mask(components.local_ink_mask(inverse), inverse, factor=factor)


def _letters(found: Components) -> _Letters:
    """Components of aligned pairs in which both are clearly darker than the ground around them."""
    first, second = _aligned(found)
    labels = np.flatnonzero(found.among(first, second))
    left, top, width, height = found.stats[labels, :4].T[..., None]
    across, down = left + SIDE * width, top + SIDE * height
    near, far = np.zeros_like(SIDE) - RING, np.zeros_like(SIDE) + RING - 1
    columns = np.concatenate([across, across, left + near, left + width + far], axis=1)
    rows = np.concatenate([top + near, top + height + far, down, down], axis=1)
    rows, columns = _inside(rows, columns, found.gray)
    samples = found.gray[rows, columns].astype(np.float64)
    ink = _ink_level(found, labels)
    contrast = np.median(samples, axis=1) - ink
    around = np.mean(samples - ink[:, None] > 0.5 * contrast[:, None], axis=1)
    clear = (contrast >= LEAST_CONTRAST) & (around >= RING_SHARE)
    is_clear = found.among(labels[clear])
    in_pair = is_clear[first] & is_clear[second]
    clear &= found.among(first[in_pair], second[in_pair])[labels]
    return _Letters(contrast[clear], labels[clear], rows[clear], columns[clear])


def _aligned(found: Components) -> tuple[components.Indices, components.Indices]:
    """Pairs of neighbors of similar height whose tops or bottoms are level, as those of letters in a line are.

    On pages that lie on their side, lines run down.
    """
    boxes = found.stats[:, :4]
    along = [_level(boxes, found.right_neighbors), _level(boxes[:, [1, 0, 3, 2]], found.lower_neighbors)]
    return max(along, key=lambda pairs: len(pairs[0]))


def _level(
    boxes: NDArray[np.int32], pairs: tuple[components.Indices, components.Indices]
) -> tuple[components.Indices, components.Indices]:
    first, second = pairs
    _, top, _, height = boxes[first].T
    _, other_top, _, other_height = boxes[second].T
    taller, shorter = np.maximum(height, other_height), np.minimum(height, other_height)
    slack = np.maximum(1.0, ALIGNED * taller)
    level = (np.abs(top - other_top) <= slack) | (np.abs(top + height - other_top - other_height) <= slack)
    similar = level & (taller <= 2 * shorter)
    return first[similar], second[similar]


def _crowd(areas: Labels, found: Components, *, count: int) -> NDArray[np.int64]:
    """For every area the number of components of any kind in it, specks excluded."""
    left, top, width, height, _ = found.stats[1:].T
    large = np.maximum(width, height) >= SPECK
    rows, columns = _inside((top - RING)[large].astype(float), (left + width / 2)[large], areas)
    return np.bincount(areas[rows, columns], minlength=count)


def _ink_level(found: Components, labels: components.Indices) -> Floats:
    """Mean gray level of components, from a grid of samples over the box of each."""
    left, top, width, height = found.stats[labels, :4].T[..., None]
    rows = np.repeat(top + GRID * height, len(GRID), axis=1)
    columns = np.tile(left + GRID * width, (1, len(GRID)))
    rows, columns = _inside(rows, columns, found.gray)
    own = found.labels[rows, columns] == labels[:, None]
    return np.asarray((found.gray[rows, columns] * own).sum(axis=1) / np.maximum(own.sum(axis=1), 1))


def _inside(rows: Floats, columns: Floats, page: Pixels | Labels) -> tuple[components.Indices, components.Indices]:
    """Positions rounded down to whole pixels and clipped to the page."""
    height, width = page.shape
    return np.clip(rows.astype(np.intp), 0, height - 1), np.clip(columns.astype(np.intp), 0, width - 1)


def _areas(gray: Pixels, contrast: float) -> tuple[Labels, NDArray[np.int32]]:
    """Labels of evenly colored areas, 0 for the edges between them, and OpenCV's statistics of each."""
    change = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), dtype=np.uint8))
    even = (change < max(LEAST_EDGE, EDGE_SHARE * contrast)).astype(np.uint8)
    return components.labeled(even, connectivity=4)


def _votes(areas: Labels, letters: _Letters, *, count: int) -> tuple[NDArray[np.int64], Floats]:
    """For every area the number of letters around which it lies, and their mean contrast."""
    around = areas[letters.rows, letters.columns]
    # A letter has one vote per area, however many samples lie in it.
    around.sort(axis=1)
    first = np.concatenate([np.ones((len(around), 1), dtype=bool), around[:, 1:] != around[:, :-1]], axis=1)
    contrast = np.broadcast_to(letters.contrast[:, None], around.shape)[first]
    votes = np.bincount(around[first], minlength=count)
    total = np.bincount(around[first], weights=contrast, minlength=count)
    return votes, total / np.maximum(votes, 1)


def _inversion(
    gray: Pixels,
    areas: Labels,
    decision: _Decision,
    *,
    height: float,
) -> Inversion:
    """Ground and gain for every pixel: those of the nearest area that is inverted or kept."""
    inverted, contrast = decision.inverted, decision.contrast
    marker = (inverted | decision.kept)[areas]
    _, nearest = cv2.distanceTransformWithLabels(
        (~marker).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    area_of_label = np.zeros(int(nearest.max()) + 1, dtype=np.int32)
    area_of_label[nearest[marker]] = areas[marker]
    typical = float(np.median(contrast[inverted & (contrast > 0)]))
    gain = np.where(inverted, np.clip(FULL_CONTRAST / np.where(contrast > 0, contrast, typical), 1, GREATEST_GAIN), 0)
    side = 2 * round(GROUND_REACH * max(height, 4)) + 1
    mask = inverted[areas].astype(np.float32)
    weight = cv2.blur(mask, (side, side))
    level = cv2.blur(gray * mask, (side, side))
    ground = np.where(weight > 1e-4, level / np.maximum(weight, 1e-4), 0)
    return Inversion(ground=np.rint(ground).astype(np.uint8), gain=gain[area_of_label[nearest]].astype(np.float32))
