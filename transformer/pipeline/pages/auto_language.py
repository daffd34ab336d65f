"""``lang=auto``: the language of each page, from its script and from what a first recognition reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Final

from msgspec import Struct

from kserve_ocr.protocol.language.languages import describe
from transformer.language.identifier import Candidate, identify
from transformer.language.scripts import COMMON, ENGLISH, MODELS, RELATED, first_model, package
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.pages.page_recognizer import RecognizedPage
from transformer.pipeline.pages.upright import certainty

_SURE: Final = 0.8
"""Certainty of a recognition from which on its script is right."""
_POOR: Final = 0.6
"""Certainty below which a page that seems to be English is tried in other scripts."""
_LEAST_PROBABILITY: Final = 0.5
"""Of a language to read a page again in it; texts of numbers and names stay below."""
_SLACK: Final = 0.02
"""How much less sure the recognition in the identified language may be."""

Reading = tuple[DocumentPage, RecognizedPage]
Read = Callable[[str], Awaitable[Reading]]
"""Recognizes a page with a model."""


class LanguageChoice(Struct, frozen=True):
    """The model that a page was recognized with."""

    model: str
    confidence: float
    """Probability that this is the language, 0-1; of a model for blackletter, how sure recognition is of the page."""
    warning: str = ""
    """What to install for a better result; empty if nothing is missing."""
    script: str = ""
    """The script that OSD found; empty if it found none."""


async def recognize(read: Read, *, script: str, installed: Collection[str]) -> tuple[Reading, LanguageChoice]:
    """The page in its language. ``script`` is OSD's, empty if unknown; ``installed`` are the predictor's models.

    A page is recognized twice if it is neither English nor in the first language of its script, and more often only
    if it is recognized poorly.
    """
    first = first_model(script, installed) or (ENGLISH if ENGLISH in installed else next(iter(sorted(installed))))
    model, reading = await _surest(read, first, _others(first, script, installed))
    text = reading[1].text
    candidates = await asyncio.to_thread(identify, text)
    likeliest = candidates[0] if candidates else Candidate(model, 0.0)
    language = next((one for one in candidates if one.model in installed), Candidate(model, 0.0))
    if language.model != model and _is_likely(language, likeliest):
        second = await read(language.model)
        if certainty(second[1]) >= certainty(reading[1]) - _SLACK:
            model, reading = language.model, second
    probability = next((one.probability for one in candidates if one.model == model), 0.0)
    return reading, LanguageChoice(model, round(probability, 3), _warning(likeliest, script, model, installed), script)


def _is_likely(language: Candidate, likeliest: Candidate) -> bool:
    """Whether to read a page again in a language: it is the likeliest, or the nearest to one without a model."""
    return likeliest.probability >= _LEAST_PROBABILITY and (
        language == likeliest or language.probability > (1 - likeliest.probability) / 2
    )


async def _surest(read: Read, first: str, others: Iterator[tuple[float, str]]) -> tuple[str, Reading]:
    """The surest recognition of the first model and of those that its certainty leaves in question."""
    model, reading = first, await read(first)
    for limit, other in others:
        if certainty(reading[1]) >= limit:
            break
        second = await read(other)
        if certainty(second[1]) > certainty(reading[1]):
            model, reading = other, second
    return model, reading


def _others(first: str, script: str, installed: Collection[str]) -> Iterator[tuple[float, str]]:
    """Models to try after the first, each with the certainty from which on it is not worth it."""
    tried = {first}
    related = [(_SURE, one) for one in ("Latin", *RELATED.get(script, ()))]
    for limit, other in (*related, *((_POOR, one) for one in COMMON)):
        model = first_model(other, installed)
        if model is not None and model not in tried:
            tried.add(model)
            yield limit, model


def _warning(likeliest: Candidate, script: str, model: str, installed: Collection[str]) -> str:
    """That a model is missing, and which package has it; empty if none is."""
    missing = likeliest.model
    if missing in installed or likeliest.probability < _LEAST_PROBABILITY:
        wanted = MODELS.get(script, (ENGLISH,))
        if not set(wanted).isdisjoint({ENGLISH, *installed}):
            return ""
        missing = wanted[0]
    (language,) = describe([missing])
    return (
        f"the page seems to be {language.name}, whose model is not installed, and was recognized with {model}; "
        f"install {package(missing)}"
    )
