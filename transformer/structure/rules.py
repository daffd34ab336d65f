"""Finds the ruled lines of a page in its pixels. Apart from :class:`Separators`, which needs no image library."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from transformer.structure.separators import Box, Separators

Pixels = NDArray[np.uint8]

MEASURED_PIXELS = 800_000
"""Larger pages are measured on a smaller copy."""
BACKGROUND = 31
"""Side of the square whose mean a pixel is compared with, on the measured copy ..."""
MIN_CONTRAST = 24
"""... and levels by which ink is darker."""
MIN_LENGTH = 0.04
"""Length of a rule, as a share of the page's longer side."""
MAX_THICKNESS = 0.01
"""Thickness of a rule, as a share of the page's longer side, for rules of any length ..."""
MAX_RATIO = 0.1
"""... and as a share of its length."""
MAX_BREAK = 0.01
"""Breaks in a rule that are closed, as a share of the page's longer side."""
MAX_NEIGHBORING_INK = 0.3
"""Share of ink in the strips on both sides of a rule; lines of text that run together on the smaller copy have more."""
MAX_RULES = 2_000
"""More than these are hatching or noise, not rules."""


def find(gray: Pixels) -> Separators:
    """The ruled lines of a gray page ``(h, w)`` with dark ink.

    Morphological openings with long thin elements keep what is as long as a rule; strokes of letters are shorter.
    """
    factor = max(1, round((gray.size / MEASURED_PIXELS) ** 0.5))
    height, width = gray.shape[0] // factor, gray.shape[1] // factor
    if min(height, width) < 8:
        return Separators()
    # OpenCV is fast for whole factors only, hence the crop.
    whole = gray[: height * factor, : width * factor]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    darker = cv2.subtract(cv2.blur(small, (BACKGROUND, BACKGROUND)), small)
    ink = np.asarray(cv2.threshold(darker, MIN_CONTRAST, 1, cv2.THRESH_BINARY)[1], np.uint8)
    side = max(height, width)
    return Separators(
        horizontal=_rules(ink, side, factor, apart=True),
        vertical=tuple((y0, x0, y1, x1) for x0, y0, x1, y1 in _rules(np.ascontiguousarray(ink.T), side, factor)),
    )


def _rules(ink: Pixels, side: int, factor: int, *, apart: bool = False) -> tuple[Box, ...]:
    """Boxes of the horizontal rules, in pixels of the page; only those with paper around them if ``apart``."""
    length = max(12, round(MIN_LENGTH * side))
    gap = max(2, round(MAX_BREAK * side))
    # Leaning rules are a pixel lower here than there: each step is bridged before the search.
    thick: Pixels = np.asarray(cv2.dilate(ink, np.ones((2, 1), np.uint8)), np.uint8)
    long = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length // 2), np.uint8))
    joined: Pixels = np.asarray(cv2.morphologyEx(long, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not 0 < len(contours) <= MAX_RULES:
        return ()
    x, y, w, h = np.array([cv2.boundingRect(contour) for contour in contours]).T
    # A leaning rule's box is higher than the rule: its thickness is area over length.
    area = np.array(
        [np.count_nonzero(joined[y0 : y0 + h0, x0 : x0 + w0]) for x0, y0, w0, h0 in zip(x, y, w, h, strict=True)]
    )
    thickness = area / w
    rules = (w >= length) & (thickness <= np.maximum(4, MAX_THICKNESS * side)) & (h <= np.maximum(6, MAX_RATIO * w))
    boxes = np.stack([x, y, x + w, y + h], axis=1)[rules]
    boxes = boxes[np.argsort(boxes[:, 1], kind="stable")]
    if apart:
        boxes = boxes[[_stands_apart(thick, joined, box) for box in boxes.tolist()]]
    return tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in (boxes * factor).tolist())


def _stands_apart(ink: Pixels, rules: Pixels, box: Sequence[int]) -> bool:
    """Whether there is paper above and below the rule in ``box``, along most of its length."""
    x0, y0, x1, y1 = box
    margin = max(3, (y1 - y0) // 2)
    strip = slice(max(0, y0 - margin), y1 + margin), slice(x0, x1)
    paper = rules[strip] == 0
    return bool(ink[strip][paper].sum() <= MAX_NEIGHBORING_INK * max(1, paper.sum()))
