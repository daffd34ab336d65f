"""The slope that is left in a page's lines after it was straightened."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from kserve_ocr.protocol.layout import Line

MIN_SLOPES, SLOPE_SPREAD = 5, 0.02
"""Lines that a page's slope is taken from, and how far from the median they may be."""
BASELINE_HEIGHTS = 2.5
"""Length of a baseline whose slope counts, in heights of its line."""


def slope_of(lines: Sequence[Line]) -> float:
    """Slope of the page's lines: of those with at least three words, or else of the baselines of long words.

    The mean of those near the median, weighted by length: boxes are in whole pixels, which short lines suffer from.
    0 if there are few lines, or if none is near the median: half of them lean one way, half the other.
    """
    slopes = _slopes_of_words(lines)
    if len(slopes) < MIN_SLOPES:
        slopes = _slopes_of_baselines(lines)
    if len(slopes) < MIN_SLOPES:
        return 0.0
    usual = median(slope for slope, _ in slopes)
    near = [(slope, across) for slope, across in slopes if abs(slope - usual) < SLOPE_SPREAD]
    return sum(slope * across for slope, across in near) / sum(across for _, across in near) if near else 0.0


def _slopes_of_words(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Slope from the first word to the last, and the distance between them."""
    slopes = []
    for line in lines:
        first, last = line.words[0].bbox, line.words[-1].bbox
        if len(line.words) > 2 and last[0] > first[2]:
            across = last[0] - first[0]
            slopes.append(((last[1] + last[3] - first[1] - first[3]) / 2 / across, float(across)))
    return slopes


def _slopes_of_baselines(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Slope and length of the baselines that are much longer than their line is high."""
    slopes = []
    for line in lines:
        x0, y0, x1, y1 = line.baseline
        if x1 - x0 > BASELINE_HEIGHTS * line.height:
            slopes.append(((y1 - y0) / (x1 - x0), x1 - x0))
    return slopes
