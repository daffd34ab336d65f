"""The rows of pixels of a page that are worth another recognition: its layout analysis takes time by pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Box, Line, PageLayout
from transformer.structure.changes import change_lines

Pixels = NDArray[np.uint8]
Boxes = NDArray[np.float64]
"""``(n, 4)``: left, top, right and bottom edges, in pixels of the page."""

MARGIN: Final = 1.2
"""Paper around the boxes of an excerpt, in their usual heights."""


class Excerpt(Struct, frozen=True):
    """Parts of a page put below one another."""

    pixels: Pixels
    """uint8 ``(h, w)``, contiguous."""
    left: int
    """Column of the page that is the first of the excerpt."""
    rows: NDArray[np.intp]
    """``(h,)``: row of the page for each of the excerpt, ascending."""

    def on_page(self, layout: PageLayout, *, width: int, height: int) -> PageLayout:
        """The layout of the excerpt in pixels of the page, which has this size."""
        return PageLayout(width, height, change_lines(layout.blocks, self._moved))

    def _moved(self, line: Line) -> Line:
        x0, start, x1, end = line.baseline
        return Line(
            self._box(line.bbox),
            tuple(replace(word, bbox=self._box(word.bbox)) for word in line.words),
            (x0 + self.left, self._row(start), x1 + self.left, self._row(end)),
            line.height,
        )

    def _box(self, box: Box) -> Box:
        x0, y0, x1, y1 = box
        last = max(y0, y1 - 1)
        return x0 + self.left, int(self._row(y0)), x1 + self.left, int(self._row(last)) + 1

    def _row(self, y: float) -> float:
        nearest = min(max(0, int(y)), len(self.rows) - 1)
        return float(self.rows[nearest]) + y - nearest


def excerpt(pixels: Pixels, boxes: Boxes) -> Excerpt:
    """The rows of a page ``(h, w)`` that have boxes, one or more, from the leftmost of them to the rightmost."""
    height, width = pixels.shape
    margin = int(MARGIN * float(np.median(boxes[:, 3] - boxes[:, 1])))
    steps = np.zeros(height + 1, np.intp)
    np.add.at(steps, np.clip(boxes[:, 1].astype(int) - margin, 0, height), 1)
    np.add.at(steps, np.clip(boxes[:, 3].astype(int) + margin, 0, height), -1)
    rows = np.flatnonzero(np.cumsum(steps[:-1]))
    left = max(0, int(boxes[:, 0].min()) - margin)
    right = min(width, int(boxes[:, 2].max()) + margin)
    return Excerpt(np.ascontiguousarray(pixels[rows, left:right]), left, rows)


def whole(pixels: Pixels) -> Excerpt:
    """A whole page."""
    return Excerpt(pixels, 0, np.arange(len(pixels)))
