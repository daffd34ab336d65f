"""Pages in blackletter (Fraktur) that are sent as German: the model for modern print misreads a third of their words.

How sure recognition is of its words tells which of the two models fits. A long page is settled by a part of it, so
that it is recognized once; a short one is recognized again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Box
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.pages.page_recognizer import RecognizedPage
from transformer.pipeline.pages.upright import certainty

_MODELS: Final = {"deu": "frk"}
"""Models of modern print, and of blackletter in the same language."""
SURE: Final = 0.78
"""Certainty of a recognition from which on the page is no blackletter; with the wrong model, pages stay below."""
MARGIN: Final = 0.05
"""How much surer the recognition with the other model must be."""
_LONG: Final = 3_000
"""Letters of a page from which on a part of it is recognized first."""
_PART: Final = (60.0, 18.0)
"""Width and height of that part, in letter heights ..."""
_LEAST_LETTERS: Final = 120
"""... and letters that it must have."""


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


def part(page: DocumentPage) -> NDArray[np.uint8] | None:
    """A part of a long page, uint8 ``(h, w)``, contiguous; None of a short one, or if there are few letters in it."""
    letters = page.letters
    if len(letters) < _LONG:
        return None
    x0, y0, x1, y1 = _box(page)
    middles = (letters[:, :2] + letters[:, 2:]) / 2
    inside = (middles > (x0, y0)).all(axis=1) & (middles < (x1, y1)).all(axis=1)
    return np.ascontiguousarray(page.pixels[y0:y1, x0:x1]) if inside.sum() >= _LEAST_LETTERS else None


def _box(page: DocumentPage) -> Box:
    """A box in the middle of the page's letters."""
    height, width = page.pixels.shape
    letters = page.letters
    size = float(np.median(letters[:, 3] - letters[:, 1]))
    x, y = np.median((letters[:, :2] + letters[:, 2:]) / 2, axis=0)
    across, down = _PART[0] * size / 2, _PART[1] * size / 2
    return max(0, int(x - across)), max(0, int(y - down)), min(width, int(x + across)), min(height, int(y + down))
