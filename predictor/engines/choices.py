"""Words by the engine's choices for each character: only characters that are allowed, and other readings.

The LSTM obeys Tesseract's own ``tessedit_char_whitelist`` only in part: it drops characters that are written together
and the spaces between words. Here each character is replaced where the network saw it, so none is lost or moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from kserve_ocr.protocol.layout import Box, PageLayout, Word
from kserve_ocr.protocol.parameters import RecognitionOptions

_LEAST: Final = 0.01
"""Confidence from which a second choice counts by itself."""
_LOOK_ALIKES: Final = (
    "0OoQD",
    "1lI|!i",
    "2Zz",
    "5Ss$",
    "8B&",
    "6Gb",
    "9gq",
    "4A",
    "-\u2013\u2014_~",
    ".,",
    ";:",
    "cC",
    "kK",
    "pP",
    "vV",
    "wW",
    "xX",
)
"""Characters that are mistaken for each other, those that stand for the others first."""


class Choice(Struct, frozen=True):
    """What a character may be, with the network's confidence, 0-1."""

    text: str
    confidence: float


def chosen(symbols: Sequence[Sequence[Choice]], options: RecognitionOptions, *, bbox: Box, confidence: float) -> Word:
    """The word of these symbols, for each of which the choices come in order, the recognized one first.

    Its text is empty if none of its characters is allowed. Where characters are replaced, the confidence is lower by
    what their choices are less certain than what was recognized.
    """
    if not options.whitelist and not options.blacklist:
        return Word(_text(symbols), bbox, confidence, _alternatives(symbols, options))
    replaced = _allowed_only(symbols, options)
    pairs = [(choices, source) for choices, source in zip(replaced, symbols, strict=True) if choices]
    kept = [choices for choices, _ in pairs]
    recognized = sum(source[0].confidence for _, source in pairs)
    if recognized > 0:
        confidence *= min(1.0, sum(choices[0].confidence for choices in kept) / recognized)
    return Word(_text(kept), bbox, confidence, _alternatives(kept, options))


def _text(symbols: Sequence[Sequence[Choice]]) -> str:
    return "".join(choices[0].text for choices in symbols)


def _allowed_only(symbols: Sequence[Sequence[Choice]], options: RecognitionOptions) -> list[list[Choice]]:
    """The allowed choices of each symbol, none where it is left out.

    What merely resembles an allowed character counts in words that can be read with allowed characters throughout: in
    others it is a letter of a word that is not wanted.
    """
    replaced = [_replaced(choices, options, least=0.0) for choices in symbols]
    if all(replaced):
        return replaced
    return [_replaced(choices, options, least=_LEAST) for choices in symbols]


def _replaced(choices: Sequence[Choice], options: RecognitionOptions, *, least: float) -> list[Choice]:
    """The allowed choices of a confidence of ``least`` or more; with 0, what looks alike goes before the unlikely.

    Where what was recognized is not allowed, its confidence is shared among the likely choices that are: one of them
    must be right. What looks alike takes all of it, and an unlikely choice keeps the little that it has.
    """
    allowed = [choice for choice in choices if _is_allowed(choice.text, options)]
    if _is_allowed(choices[0].text, options):
        return allowed
    recognized = choices[0]
    if likely := [choice for choice in allowed if choice.confidence >= _LEAST]:
        scale = recognized.confidence / sum(choice.confidence for choice in likely)
        return [Choice(choice.text, choice.confidence * scale) for choice in likely]
    if least > 0:
        return []
    group = next((group for group in _LOOK_ALIKES if recognized.text in group), "")
    similar = [text for text in group if text != recognized.text and _is_allowed(text, options)]
    return [*(Choice(text, recognized.confidence) for text in similar[:1]), *allowed]


def _is_allowed(text: str, options: RecognitionOptions) -> bool:
    return all(
        (not options.whitelist or character in options.whitelist) and character not in options.blacklist
        for character in text
    )


def _alternatives(symbols: Sequence[Sequence[Choice]], options: RecognitionOptions) -> tuple[tuple[str, float], ...]:
    """The word with one character read otherwise, by that character's confidence."""
    texts = [choices[0].text for choices in symbols]
    others = [
        ("".join((*texts[:place], choice.text, *texts[place + 1 :])), choice.confidence)
        for place, choices in enumerate(symbols)
        for choice in choices[1:]
        if choice.confidence >= _LEAST
    ]
    likeliest = dict(sorted(others, key=lambda other: other[1]))  # of equal texts the likeliest
    ordered = sorted(likeliest.items(), key=lambda other: -other[1])
    return tuple(islice(ordered, options.alternatives))


def text_of(page: PageLayout) -> str:
    """The text of the words, as the engine writes its own: a blank line between paragraphs."""
    paragraphs = (
        "".join(" ".join(word.text for word in line.words) + "\n" for line in paragraph.lines)
        for block in page.blocks
        for paragraph in block.paragraphs
    )
    return "\n".join(paragraphs)
