"""Checks for the page segmentation modes that take the whole image as one line, word or character.

In these modes Tesseract skips its layout analysis and gives any image to the LSTM. That reads letters into blank paper,
and writes past its arrays for a line many thousand times longer than high.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.engines.base import Page

_MODES: Final = (7, 8, 9, 10, 13)
_MAX_PROPORTION: Final = 500
"""Width over height. The LSTM scales a line to 36 pixels of height, and needs 40 KB and 0.1 ms a column."""

_MIN_CONTRAST: Final = 16
"""Gray levels by which ink differs from the paper around it."""
_NOISE_FACTOR: Final = 5
"""Ink differs from the paper by more than this number of standard deviations of the noise."""
_MIN_STROKE: Final = 5
"""Pixels of a letter's longer side."""
_MIN_AREA: Final = 8
"""Pixels of ink in a letter."""
_RULE_LENGTH: Final = 0.6
"""Share of the width that makes a row of ink a rule, and of the height that makes a column at an edge a border."""
_RULE_WIDTH: Final = 3
"""Pixels that a rule may be thick in any image."""
_BLOCK: Final = 48
"""Pixels of a block's side; a letter takes less than half of its area."""
_STRONG_CONTRAST: Final = 60
"""Gray levels that no noise or shadow makes: most lines have such ink, and need no measuring."""
_EDGE: Final = 0.05
"""Share of the width that counts as its edge."""
_MAD_OF_DIFFERENCES: Final = 0.954
"""Median absolute difference of two independent normal values, in standard deviations."""


def is_line_image(options: RecognitionOptions) -> bool:
    """Whether Tesseract takes the whole image as one line, word or character."""
    return options.psm in _MODES


def is_blank(page: Page, options: RecognitionOptions) -> bool:
    """Whether there is nothing to recognize: a page of one shade, or a line image without letters."""
    if int(page.max()) - int(page.min()) < _MIN_CONTRAST // 2:
        return True
    return is_line_image(options) and not has_letters(page)


def check_proportion(page: Page, options: RecognitionOptions) -> None:
    """Raise InvalidParameterError if the page is too long and low for one line of text."""
    height, width = page.shape
    if is_line_image(options) and width > _MAX_PROPORTION * height:
        raise InvalidParameterError(
            f"the image is {width} by {height} pixels, too long and low for psm {options.psm}, which takes it as one "
            "line of text; send a higher part of the page, or another psm"
        )


def has_letters(page: Page) -> bool:
    """Whether there is any ink of the size of a letter: dark or light, apart from noise, specks, shadows and rules.

    ``page`` is uint8 gray of shape (height, width). The ink is what differs from the local background by more than the
    noise. Full rows of it are rules, full columns at the left and right edge borders; of what remains, one group of
    adjacent columns must have the size of a letter.
    """
    return _any_letter(np.abs(page.astype(np.int16) - _median(page)) > _STRONG_CONTRAST) or _any_letter(_ink(page))


def _median(page: Page) -> int:
    counts = np.bincount(page.ravel(), minlength=256).cumsum()
    return int(np.searchsorted(counts, counts[-1] / 2))


def _any_letter(ink: NDArray[np.bool_]) -> bool:
    ink = _without_rules(ink)
    columns = np.flatnonzero(ink.any(axis=0))
    if columns.size == 0:
        return False
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    return any(_is_letter(ink[:, group[0] : group[-1] + 1]) for group in groups)


def _ink(page: Page) -> NDArray[np.bool_]:
    """What differs from the local background, which is the median of each block, interpolated between blocks."""
    height, width = page.shape
    down, right = max(1, round(height / _BLOCK)), max(1, round(width / _BLOCK))
    blocks = [
        [_median(block) for block in np.array_split(row, right, axis=1)] for row in np.array_split(page, down, axis=0)
    ]
    image = Image.fromarray(np.asarray(blocks, np.uint8)).resize((width, height), Image.Resampling.BILINEAR)
    difference = np.abs(page.astype(np.int16) - np.asarray(image, dtype=np.int16))
    return difference > max(_MIN_CONTRAST, _NOISE_FACTOR * _noise(page))


def _noise(page: Page) -> float:
    """Standard deviation of the noise in gray levels, from the differences of neighbors."""
    sample = page[:: max(1, page.shape[0] // 64), : 2 * (page.shape[1] // 2)].astype(np.int16)
    if sample.size == 0:
        return 0.0
    return float(np.median(np.abs(sample[:, 1::2] - sample[:, ::2]))) / _MAD_OF_DIFFERENCES


def _without_rules(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    height, width = ink.shape
    ink = ink.copy()
    ink[_thin_runs(ink.mean(axis=1) > _RULE_LENGTH, thickest=max(_RULE_WIDTH, height // 12))] = False
    edge = max(1, round(_EDGE * width))
    at_edge = np.zeros(width, bool)
    at_edge[:edge] = at_edge[-edge:] = True
    borders = at_edge & (ink.mean(axis=0) > _RULE_LENGTH)
    ink[:, _thin_runs(borders, thickest=max(_RULE_WIDTH, edge))] = False
    return ink


def _thin_runs(lines: NDArray[np.bool_], *, thickest: int) -> NDArray[np.bool_]:
    """The runs of True that are no longer than ``thickest``; longer ones are a letter that fills its image."""
    thin = np.zeros_like(lines)
    numbers = np.flatnonzero(lines)
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
        if 0 < run.size <= thickest:
            thin[run] = True
    return thin


def _is_letter(ink: NDArray[np.bool_]) -> bool:
    rows = np.flatnonzero(ink.any(axis=1))
    longest = max(ink.shape[1], int(rows[-1] - rows[0]) + 1)
    return longest >= _MIN_STROKE and int(ink.sum()) >= _MIN_AREA
