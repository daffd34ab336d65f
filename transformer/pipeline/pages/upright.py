"""Pages that were recognized poorly: which way up they are is settled by recognizing a part the other ways up.

The measurement of letters knows the direction of lines, but top from bottom only in Latin print, and Tesseract's
detection needs many letters. How sure recognition is of its words tells the two apart in every script, and for labels
of a single word too.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Box, Line, PageLayout, RecognitionResult, around
from transformer.pipeline.decode_job import DocumentPage
from transformer.structure.noise import text_length
from transformer.structure.order.page_order import fall_of
from transformer.structure.order.phrases import writes_without_spaces

_UPSIDE_DOWN: Final = (2,)
_ALL_ROTATIONS: Final = (2, 1, 3)
"""Counterclockwise quarter turns to try, where the direction of lines is known and where it is not."""
_SIDEWAYS: Final = (3, 1)
"""Those of a page whose lines run down; the engine reads some of these by itself, if they lie on their right side."""
_SURE: Final = 0.72
"""Confidence from which on a page is the right way up; upside down, real pages stay below."""
_MARGIN: Final = 0.1
_LEAST_SHARE: Final = 0.4
"""How much surer another recognition must be, and how many of the characters it must have."""
_LEAST_LETTERS: Final = 3
SAMPLE_CHARACTERS: Final = 160
"""Characters that suffice for a comparison."""


class Sample(Struct, frozen=True):
    """A part of a page, and what was read there."""

    box: Box
    lines: tuple[Line, ...]


def is_unsure(page: DocumentPage, result: RecognitionResult) -> bool:
    """Whether the page was recognized so poorly that it may be upside down."""
    if result.text.strip():
        return certainty(result) < _SURE
    return len(page.letters) >= _LEAST_LETTERS


def sample(page: DocumentPage, layout: PageLayout | None, *, characters: int = SAMPLE_CHARACTERS) -> Sample:
    """Lines with some characters from the middle of the page; the whole page if it has few, or none were read."""
    height, width = page.pixels.shape
    lines = tuple(layout.iter_lines()) if layout else ()
    chosen = _middle(lines, characters)
    if len(chosen) == len(lines):
        return Sample((0, 0, width, height), lines)
    x0, y0, x1, y1 = around(line.bbox for line in chosen)
    margin = max(y1 - y0, x1 - x0) // 20 + 8
    box = max(0, x0 - margin), max(0, y0 - margin), min(width, x1 + margin), min(height, y1 + margin)
    return Sample(box, chosen)


def turns_of_lines(page: DocumentPage, result: RecognitionResult) -> int:
    """Counterclockwise quarter turns of a page that was recognized well although its lines run down, or up; else 0.

    The engine turns blocks by itself. Not for scripts that are also written in columns.
    """
    if not page.orientation_uncertain or result.layout is None or certainty(result) < _SURE:
        return 0
    letters = "".join(word.text for word in result.layout.iter_words())
    if 2 * sum(map(writes_without_spaces, letters)) >= len(letters):
        return 0
    fall = fall_of(result.layout.iter_lines())
    return 0 if not fall else 1 if fall > 0 else 3


def rotations(page: DocumentPage, part: Sample) -> tuple[int, ...]:
    """Counterclockwise quarter turns that may make the page upright, the likeliest first."""
    if page.orientation_uncertain and fall_of(part.lines):
        return _SIDEWAYS
    return _ALL_ROTATIONS if page.orientation_uncertain else _UPSIDE_DOWN


def rotated_pixels(page: DocumentPage, part: Sample, quarter_turns: int) -> NDArray[np.uint8]:
    """The part of the page rotated counterclockwise: uint8 ``(h, w)``, contiguous."""
    x0, y0, x1, y1 = part.box
    return np.ascontiguousarray(np.rot90(page.pixels[y0:y1, x0:x1], quarter_turns))


def is_surer(second: PageLayout | None, part: Sample) -> bool:
    """Whether the part was recognized better once rotated than it was at first."""
    if second is None:
        return False
    return _is_better(weights(tuple(second.iter_lines())), than=weights(part.lines))


def better(second: RecognitionResult, first: RecognitionResult) -> bool:
    """Whether the second result of a page is the surer one."""
    if not first.text.strip():
        return bool(second.text.strip())
    return certainty(second) > certainty(first) and len(second.text) >= _LEAST_SHARE * len(first.text)


def _middle(lines: tuple[Line, ...], characters: int) -> tuple[Line, ...]:
    """The fewest lines around the middle one that have enough characters."""
    low = high = len(lines) // 2
    while (low > 0 or high < len(lines)) and weights(lines[low:high])[1] < characters:
        low, high = max(0, low - 1), min(len(lines), high + 1)
    return lines[low:high]


def weights(lines: tuple[Line, ...]) -> tuple[float, int]:
    """Sum of confidence over characters, and their number."""
    words = [word for line in lines for word in line.words]
    return sum(word.confidence * len(word.text) for word in words), text_length(words)


def _is_better(weights: tuple[float, int], *, than: tuple[float, int]) -> bool:
    (sure, count), (other_sure, other_count) = weights, than
    if not count or count < _LEAST_SHARE * other_count:
        return False
    return sure / count > _SURE / 2 if not other_count else sure / count >= other_sure / other_count + _MARGIN


def certainty(result: RecognitionResult) -> float:
    """Mean confidence, by characters where the words are known: short words are often noise."""
    if result.layout is None:
        return result.confidence
    sure, count = weights(tuple(result.layout.iter_lines()))
    return sure / count if count else 0.0
