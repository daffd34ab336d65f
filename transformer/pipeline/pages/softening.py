"""Pages that were recognized poorly: grainy print is recognized better once it is slightly blurred.

Which pages those are shows only in recognition itself: a part of the page is recognized in both ways.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Box, PageLayout, RecognitionResult
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.pages.upright import Sample, certainty, weights
from transformer.structure.changes import change_lines
from transformer.structure.excerpt import Excerpt, excerpt
from transformer.structure.noise import is_sure
from transformer.structure.remainder import unread_page

Pixels = NDArray[np.uint8]

STEP: Final = "soften"
_SURE: Final = 0.7
"""Certainty of a recognition from which on nothing is tried."""
_FAIR: Final = 0.84
"""Certainty from which on no word is looked at again ..."""
_MOST_LETTERS: Final = 4_000
"""... and letters of a page above which that takes too long."""
_PART_MARGIN: Final = 0.03
_MARGIN: Final = 0.01
"""How much surer the recognition of the part, and of the page, must be once softened ..."""
_LEAST_SHARE: Final = 0.8
"""... and what share of the characters it must have."""


def may_help(result: RecognitionResult) -> bool:
    """Whether text was recognized, and poorly."""
    return bool(result.text.strip()) and certainty(result) < _SURE


def may_refine(page: DocumentPage, result: RecognitionResult) -> bool:
    """Whether single words may be recognized better softened: a page that is neither recognized well nor long."""
    return bool(result.text.strip()) and certainty(result) < _FAIR and len(page.letters) <= _MOST_LETTERS


def softened(pixels: Pixels) -> Pixels:
    """A gray image ``(h, w)`` blurred by the binomial filter 1-2-1 in both directions, about 0.7 pixels wide."""
    padded = np.pad(pixels, 1, mode="edge").astype(np.uint16)
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    blurred: Pixels = ((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:] + 8) // 16).astype(np.uint8)
    return blurred


def uncertain_part(pixels: Pixels, layout: PageLayout) -> Excerpt | None:
    """The lines of a page, softened, that were not recognized well; None if there are none."""
    boxes = [line.bbox for line in layout.iter_lines() if not is_sure(line)]
    if not boxes:
        return None
    sure = change_lines(layout.blocks, lambda line: line if is_sure(line) else None)
    part = excerpt(unread_page(pixels, replace(layout, blocks=sure)), np.array(boxes, np.float64))
    return replace(part, pixels=softened(part.pixels))


def softened_part(page: DocumentPage, box: Box) -> Pixels:
    """The part of the page in ``box``, softened."""
    x0, y0, x1, y1 = box
    return softened(page.pixels[y0:y1, x0:x1])


def softened_page(page: DocumentPage) -> DocumentPage:
    """The page with softened pixels."""
    return replace(page, pixels=softened(page.pixels), steps=(*page.steps, STEP))


def is_surer(second: PageLayout | None, part: Sample) -> bool:
    """Whether the part was recognized better once softened than it was at first."""
    if second is None:
        return False
    sure, count = weights(tuple(second.iter_lines()))
    first_sure, first_count = weights(part.lines)
    return count > 0 and count >= _LEAST_SHARE * first_count and sure / count >= first_sure / first_count + _PART_MARGIN


def is_better(second: RecognitionResult, first: RecognitionResult) -> bool:
    """Whether the result of the softened page is the surer one."""
    return certainty(second) >= certainty(first) + _MARGIN and len(second.text) >= _LEAST_SHARE * len(first.text)
