"""Connected components of a page that may be letters: the measurement on which most steps rest."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from transformer.preprocess.downsample import shrink

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Labels = NDArray[np.int32] | NDArray[np.uint16]

MEASURED_PIXELS = 2_500_000
"""Pages with more pixels are measured on a smaller copy."""
SAMPLED_PIXELS = 500_000
"""Of pages with more pixels every other row is enough for the threshold."""
LEAST_CONTRAST = 14
"""Levels by which ink is darker than the mean around it."""
LOCAL_SIDE = 15
LOCAL_SHARE = 0.35
"""Side in pixels of the square whose strongest ink sets the local threshold, and that threshold as a share of it."""
NEIGHBOR_DISTANCE = 2.5
"""Largest gap to the next letter, in median letter heights."""


class Components(Struct, frozen=True, dict=True):
    """Connected components of ink, in pixels of the measured copy of the page."""

    labels: Labels
    """``(h, w)``: 0 for paper, the number of a component elsewhere."""
    stats: NDArray[np.int32]
    """``(n + 1, 5)``: left, top, width, height, area of every component; row 0 is the paper."""
    letters: Indices
    """Numbers of the components whose size and shape may be a letter's."""
    factor: float
    """Pixels of the page per pixel of the measured copy."""
    gray: Pixels
    """``(h, w)``: the measured copy, dark on light."""

    @property
    def height(self) -> float:
        """Median height of letters that stand beside another, in pixels of the page; 0 with no letters."""
        members = self.in_rows
        return float(np.median(self.stats[members, 3])) * self.factor if len(members) >= 5 else 0.0

    @property
    def letter_share(self) -> float:
        """Share of the components of at least 3 pixels that stand beside another letter; low in textures and noise."""
        counted = int(np.count_nonzero(np.maximum(self.stats[1:, 2], self.stats[1:, 3]) >= 3))
        return len(self.in_rows) / max(1, counted)

    @cached_property
    def in_rows(self) -> Indices:
        """Numbers of the letters that stand beside another, in order."""
        return np.flatnonzero(self.among(*self.right_neighbors))

    def among(self, *numbers: Indices) -> NDArray[np.bool_]:
        """``(n + 1,)`` for every component whether it is in any of the arrays: faster than a search in them."""
        found = np.zeros(len(self.stats), dtype=np.bool_)
        for some in numbers:
            found[some] = True
        return found

    @cached_property
    def right_neighbors(self) -> tuple[Indices, Indices]:
        """Pairs of letters of similar size with nothing between them along a row, left one first."""
        return self._pairs(axis=1)

    @cached_property
    def lower_neighbors(self) -> tuple[Indices, Indices]:
        """Pairs of letters of similar size with nothing between them along a column, upper one first."""
        return self._pairs(axis=0)

    def _pairs(self, *, axis: int) -> tuple[Indices, Indices]:
        """Each letter with the first component that rays from its far side along an axis of the labels meet."""
        if not len(self.letters):
            return self.letters, self.letters
        start, side = self.stats[self.letters, 1 - axis], self.stats[self.letters, 3 - axis]
        across, breadth = self.stats[self.letters, axis], self.stats[self.letters, 2 + axis]
        size = np.median(self.stats[self.letters, 3])
        steps = np.arange(max(3, round(NEIGHBOR_DISTANCE * float(size))))
        # Positions in the labels as one row: a lookup by one number takes half the time of one by two.
        along, aside = (1, self.labels.shape[1]) if axis else (self.labels.shape[1], 1)
        ways = (start + side).astype(np.intp)[:, None] + steps
        inside = ways < self.labels.shape[axis]
        ways *= along
        numbers = np.arange(len(start))
        nearest = np.full(len(start), len(steps))
        nearest_label = np.zeros(len(start), dtype=np.intp)
        for share in (0.25, 0.5, 0.75):
            rays = ways + (aside * (across + (breadth * share).astype(int)))[:, None]
            met = np.take(self.labels, rays, mode="clip") * inside  # beyond the edge there is nothing
            distance = np.argmax(met > 0, axis=1)
            other = met[numbers, distance]
            closer = (other > 0) & (distance < nearest)
            nearest[closer] = distance[closer]
            nearest_label[closer] = other[closer]
        largest = np.maximum(self.stats[:, 2], self.stats[:, 3])
        own, others = largest[self.letters], largest[nearest_label]
        similar = self.among(self.letters)[nearest_label] & (others <= 2.5 * own) & (own <= 2.5 * others)
        return self.letters[similar], nearest_label[similar]


def ink_mask(gray: Pixels) -> Pixels:
    """1 where a pixel is clearly darker than the mean of its surroundings, 0 elsewhere."""
    darker = _darker_than_surroundings(gray)
    # Ink and the paper's grain both are darker than their surroundings: Otsu's threshold lies between them.
    sample = darker[:: 2 if darker.size > SAMPLED_PIXELS else 1]
    candidates = sample[sample >= LEAST_CONTRAST]
    if not candidates.size:
        return np.zeros(gray.shape, dtype=np.uint8)
    level, _ = cv2.threshold(candidates[:, None], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    # Less than the threshold keeps thin strokes whole.
    _, mask = cv2.threshold(darker, max(LEAST_CONTRAST, 0.6 * level), 1, cv2.THRESH_BINARY)
    return np.asarray(mask, dtype=np.uint8)


def local_ink_mask(gray: Pixels) -> Pixels:
    """255 for ink, as :func:`ink_mask`, by a threshold of its own for every place: finds pale ink beside strong ink."""
    darker = _darker_than_surroundings(gray)
    strongest = cv2.dilate(darker, np.ones((LOCAL_SIDE, LOCAL_SIDE), dtype=np.uint8))
    threshold = np.maximum(cv2.convertScaleAbs(strongest, alpha=LOCAL_SHARE).reshape(gray.shape), LEAST_CONTRAST)
    return np.asarray(cv2.compare(darker, threshold, cv2.CMP_GT), dtype=np.uint8).reshape(gray.shape)


def _darker_than_surroundings(gray: Pixels) -> Pixels:
    side = max(15, min(51, min(gray.shape) // 12)) | 1
    return np.asarray(cv2.subtract(cv2.blur(gray, (side, side)), gray), dtype=np.uint8).reshape(gray.shape)


def labeled(mask: Pixels, *, connectivity: int = 8) -> tuple[Labels, NDArray[np.int32]]:
    """Labels of connected components, by 4 or 8 neighbors of a pixel, and their boxes and areas.

    Labels of 16 bits take half the time of 32 bits and suffice unless the mask is noise: there are at most as
    many components as runs of ink.
    """
    runs = mask.shape[0]
    if mask.shape[1] > 1:
        runs += cv2.countNonZero(cv2.subtract(mask[:, 1:], mask[:, :-1]))
    few = runs < np.iinfo(np.uint16).max
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask, connectivity=connectivity, ltype=cv2.CV_16U if few else cv2.CV_32S
    )
    typed: Labels = np.asarray(labels, dtype=np.uint16) if few else np.asarray(labels, dtype=np.int32)
    return typed, np.asarray(stats, dtype=np.int32)


def find(gray: Pixels) -> Components:
    """Connected components of a gray ``(h, w)`` uint8 page with dark text, measured on a reduced copy if large."""
    factor = max(1, round((gray.size / MEASURED_PIXELS) ** 0.5 + 0.2))
    small = shrink(gray, factor)
    return of_mask(ink_mask(small), small, factor=float(gray.shape[0] / small.shape[0]))


def of_mask(mask: Pixels, gray: Pixels, *, factor: float) -> Components:
    """Connected components of the ink mask of ``gray``, a copy of a page that is smaller by ``factor``."""
    labels, stats = labeled(mask)
    width, height, area = stats[:, 2], stats[:, 3], stats[:, 4]
    # Dots and commas are too small, rules too flat or too tall, pictures and frames too large to be letters.
    letters = (
        (np.maximum(width, height) >= 5)
        & (np.minimum(width, height) >= 2)
        & (area >= 8)
        & (np.maximum(width, height) <= max(mask.shape) / 8)
        & (width < 8 * height)
        & (height < 8 * width)
        & (area > 0.08 * width * height)
    )
    letters[0] = False
    return Components(
        labels=labels,
        stats=stats,
        letters=np.flatnonzero(letters),
        factor=factor,
        gray=gray,
    )
