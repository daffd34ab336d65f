"""Identification of the language of a text, by py3langid: naive Bayes over byte sequences, 4.5 MB with its model."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from msgspec import Struct

from kserve_ocr.protocol.language.languages import models_of

LEAST_LETTERS: Final = 20
"""Letters below which a text has no language: a name or a number is the same in many."""


class Candidate(Struct, frozen=True):
    """A language that a text may be in, as Tesseract's model for it."""

    model: str
    probability: float


def identify(text: str) -> tuple[Candidate, ...]:
    """The languages that the text may be in, the likeliest first; none if it has too few letters."""
    if sum(map(str.isalpha, text)) < LEAST_LETTERS:
        return ()
    return tuple(
        Candidate(models[0], float(probability))
        for code, probability in _identifier().rank(text)
        if (models := models_of(code)) and models[0] != code
    )


@cache
def _identifier() -> Any:
    """Loaded when first needed: it takes half a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
