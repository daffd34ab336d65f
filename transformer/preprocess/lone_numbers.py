"""Numbers of pages and columns near the upper and lower edge: the engine takes so few characters for noise."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transformer.preprocess.components import Components

Floats = NDArray[np.float64]

EDGE = 0.15
"""Share of the height of a page in which its numbers stand, at the top and at the bottom."""
MOST_MARKS = 600
MOST_NUMBERS = 12
"""Marks at an edge, and numbers of a page, above which they are something else: texture, a table."""
MARK = 0.25
"""Size of a mark that is no speck, in heights of letters ..."""
DIGIT_HEIGHT = (0.7, 1.6)
DIGIT_WIDTH = (0.15, 1.0)
"""... that of a digit, and its width in its own heights."""
MOST_DIGITS = 4
MOST_DASHES = 2
DIGIT_GAP = 1.0
DIGIT_SHIFT = 0.25
"""Digits and dashes of a number, the gap between two, and by how much their edges differ, in heights of letters."""
DASH_RATIO = 1.5
DASH_WIDTH = 1.5
DASH_HEIGHT = 0.5
DASH_SHIFT = 0.25
"""Least width of a dash in its heights, and greatest in heights of letters; its height, and the distance of its middle
from that of the digits, in their heights."""
CLEAR = (2.0, 0.4)
"""White on both sides of a number, and above and below, in heights of letters."""


class Box(NamedTuple):
    """Edges of a mark, pixels."""

    left: float
    top: float
    right: float
    bottom: float


def find(found: Components) -> Floats:
    """``(n, 8)``: the box of the digits of each number, and the box with dashes, in pixels of the page.

    ``found`` are the components of the page; its lines are level.
    """
    size = found.height / found.factor
    marks = found.stats[1:, :4].astype(float)
    marks[:, 2:] += marks[:, :2]
    page_height = found.labels.shape[0]
    large = (marks[:, 2:] - marks[:, :2]).max(axis=1, initial=0) >= MARK * size
    numbers: list[tuple[float, ...]] = []
    for inside in (marks[:, 3] < EDGE * page_height, marks[:, 1] > (1 - EDGE) * page_height):
        at_edge = marks[inside & large]
        if size and 0 < len(at_edge) <= MOST_MARKS:
            groups = (_number([Box(*mark) for mark in group], size) for group in _groups(at_edge, size))
            numbers += [number for number in groups if number is not None]
    return np.array(numbers if len(numbers) <= MOST_NUMBERS else []).reshape(-1, 8) * found.factor


def _groups(marks: Floats, size: float) -> list[list[list[float]]]:
    """Few marks ``(n, 4)`` near each other and apart from all others, each as its edges."""
    left, top, right, bottom = marks.T
    beside, above = CLEAR[0] * size, CLEAR[1] * size
    near = (left[:, None] < right + beside) & (top[:, None] < bottom + above)
    first, second = np.nonzero(np.triu(near & near.T, 1))
    group = list(range(len(marks)))
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        _join(group, one, other)
    members: dict[int, list[list[float]]] = {}
    for index, mark in enumerate(marks.tolist()):
        members.setdefault(_root(group, index), []).append(mark)
    return [found for found in members.values() if len(found) <= MOST_DIGITS + MOST_DASHES]


def _root(group: list[int], index: int) -> int:
    """The mark that stands for the group of another one; the way to it is shortened."""
    while group[index] != index:
        group[index] = group[group[index]]
        index = group[index]
    return index


def _join(group: list[int], one: int, other: int) -> None:
    group[_root(group, other)] = _root(group, one)


def _number(marks: list[Box], size: float) -> tuple[float, ...] | None:
    """The box of the digits and the box with dashes; None if the marks are no number."""
    digits = sorted((mark for mark in marks if _is_digit(mark, size)), key=lambda mark: mark.left)
    if not 0 < len(digits) <= MOST_DIGITS or not all(_goes_on(*pair, size) for pair in pairwise(digits)):
        return None
    box = _around(digits)
    others = [mark for mark in marks if mark not in digits]
    one_a_side = len({mark.left < box.left for mark in others}) == len(others)
    return (*box, *_around(marks)) if one_a_side and all(_is_dash(mark, box, size) for mark in others) else None


def _is_digit(mark: Box, size: float) -> bool:
    width, height = mark.right - mark.left, mark.bottom - mark.top
    return (
        DIGIT_HEIGHT[0] * size <= height <= DIGIT_HEIGHT[1] * size
        and DIGIT_WIDTH[0] * height <= width <= DIGIT_WIDTH[1] * height
    )


def _goes_on(last: Box, mark: Box, size: float) -> bool:
    """Whether a digit stands beside the last one of a number."""
    shift = max(abs(mark.top - last.top), abs(mark.bottom - last.bottom))
    return shift <= DIGIT_SHIFT * size and mark.left - last.right <= DIGIT_GAP * size


def _is_dash(mark: Box, digits: Box, size: float) -> bool:
    """Whether a mark is a dash before or after the digits."""
    width, height, whole = mark.right - mark.left, mark.bottom - mark.top, digits.bottom - digits.top
    flat = DASH_RATIO * height <= width <= DASH_WIDTH * size and height <= DASH_HEIGHT * whole
    level = abs(mark.top + mark.bottom - digits.top - digits.bottom) <= 2 * DASH_SHIFT * whole
    return flat and level and (mark.right <= digits.left or mark.left >= digits.right)


def _around(boxes: list[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return Box(min(left), min(top), max(right), max(bottom))
