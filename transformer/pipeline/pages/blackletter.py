"""Pages in blackletter (Fraktur) that are sent as German: the model for modern print misreads a third of their words.

Broken strokes tell which of the two models a page is recognized with first. How sure the other one is of some of its
lines tells whether that was the right one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Box, RecognitionResult
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.pages.page_recognizer import RecognizedPage
from transformer.pipeline.pages.softening import softened
from transformer.pipeline.pages.upright import Sample, certainty, weights

_MODELS: Final = {"deu": "frk"}
"""Models of modern print, and of blackletter in the same language."""
_SURE: Final = 0.78
"""Certainty of a recognition from which on the page is no blackletter; with the wrong model, pages stay below."""
_LIKELY: Final = 2.6
"""Broken strokes of pages that are recognized with the model for blackletter first ..."""
_UNLIKELY: Final = 1.8
"""... and of those that are never tried with it: modern print has 0.8 to 2.0, blackletter 3.0 to 4.3."""
SAMPLE_CHARACTERS: Final = 100
"""Characters of a page that suffice to compare both models."""
MARGIN: Final = 0.05
"""How much surer the model for blackletter must be."""
_PART: Final = (40.0, 12.0)
"""Width and height of the part whose strokes are measured, in letter heights."""
_LETTER_HEIGHT: Final = 24
"""Height in pixels to which larger letters are shrunk for that."""
_LEAST_LETTERS: Final = 40
_LEAST_CHANGE: Final = 40
"""Change of gray values at the edge of a stroke."""
_STEEP: Final = 2.4
"""Ratio of both changes at an edge that is neither level nor upright but within 22.5 degrees of one of these."""


def other_model(lang: str) -> str | None:
    """The models of ``lang`` with those for blackletter in place of modern ones; None if there are none."""
    models = [_MODELS.get(model, model) for model in lang.split("+")]
    other = "+".join(dict.fromkeys(models))
    return None if other == lang or any(model in lang.split("+") for model in _MODELS.values()) else other


def chosen(result: RecognizedPage, *, instead_of: str) -> LanguageChoice | None:
    """What is to be said of a page that was recognized with other models than those asked for; None of others."""
    if result.lang in ("", instead_of):
        return None
    return LanguageChoice(result.lang, round(certainty(result), 3))


def broken_strokes(page: DocumentPage) -> float | None:
    """Edges of letters in the middle of the page that run diagonally, per edge that is level; None with few letters.

    The bows of blackletter are broken into diagonal strokes, and few of its strokes are level.
    """
    if len(page.letters) < _LEAST_LETTERS:
        return None
    x0, y0, x1, y1 = _box(page)
    size = float(np.median(page.letters[:, 3] - page.letters[:, 1]))
    gray = softened(_shrunk(page.pixels[y0:y1, x0:x1], max(1, round(size / _LETTER_HEIGHT)))).astype(np.int16)
    falling, rising = gray[1:, 1:] - gray[:-1, :-1], gray[1:, :-1] - gray[:-1, 1:]
    across, down = np.abs(falling - rising), np.abs(falling + rising)
    change = across + down
    change[change < _LEAST_CHANGE] = 0
    level, upright = change[down > _STEEP * across].sum(), change[across > _STEEP * down].sum()
    return float((change.sum() - level - upright) / max(1, level))


def is_likely(strokes: float | None) -> bool:
    """Whether a page with such strokes is to be recognized with the model for blackletter first."""
    return strokes is not None and strokes >= _LIKELY


def may_be(strokes: float | None, modern: RecognizedPage) -> bool:
    """Whether a page may be in blackletter that was recognized so with the model for modern print."""
    possible = strokes is None or strokes >= _UNLIKELY
    return possible and bool(modern.text.strip()) and certainty(modern) < _SURE


def is_surer(second: RecognitionResult, part: Sample, *, margin: float) -> bool:
    """Whether another model is surer of the part, by ``margin``, than the one that recognized the page."""
    sure, count = weights(part.lines)
    return certainty(second) >= sure / max(1, count) + margin


def _shrunk(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The means of squares of ``factor`` by ``factor`` pixels; with NumPy, since the server loads no image library."""
    height, width = (side // factor for side in pixels.shape)
    squares = pixels[: height * factor, : width * factor].reshape(height, factor, width, factor)
    means: NDArray[np.uint8] = squares.mean(axis=(1, 3)).astype(np.uint8)
    return means


def _box(page: DocumentPage) -> Box:
    """A box in the middle of the page's letters."""
    height, width = page.pixels.shape
    letters = page.letters
    size = float(np.median(letters[:, 3] - letters[:, 1]))
    x, y = np.median((letters[:, :2] + letters[:, 2:]) / 2, axis=0)
    across, down = _PART[0] * size / 2, _PART[1] * size / 2
    return max(0, int(x - across)), max(0, int(y - down)), min(width, int(x + across)), min(height, int(y + down))
