"""Typewritten pages: their characters are equally wide, which tells them from handwriting and stamps on the page."""

from __future__ import annotations

import re
from itertools import pairwise
from statistics import median
from typing import Final

from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, PageLayout, Word
from transformer.structure.changes import change_lines, with_words
from transformer.structure.noise import confidence, is_readable, text_length

_LEAST_WORDS: Final = 20
"""Words with another one beside them from which a page shows whether its characters are equally wide."""
_LEAST_LETTERS: Final = 2
_SURE: Final = 0.8
"""Length and confidence of words that the width of characters is taken from."""
_LARGEST_ERROR: Final = 0.4
"""Widths of a character by which the next word may start beside its place ..."""
_LEAST_SHARE: Final = 0.85
"""... for this share of the words: more than in any proportional type, whose words have half of that."""

_SIDE: Final = 0.2
"""Part of the width of a character that is blank on both sides of a word together."""
_ALLOWED: Final = (0.6, 0.12)
"""Widths of a character by which a word may be wider or narrower than its text, and that for each character."""
_DOUBTED: Final = 0.7
"""Confidence of a line from which it stays, whatever its width: a printed letterhead is recognized better."""
_SPARSE: Final = 0.3
"""Share of filled places of a line below which its characters are far apart."""
_SPACED: Final = 0.05
"""Widths for each character that letterspaced words may have beside whole spaces between their letters."""

_HYPHEN: Final = re.compile(r"(?<=[^\W\d_])[=~](?=[^\W\d_]|$)")
"""A hyphen of a worn type, inside or at the end of a word."""


def corrected(layout: PageLayout) -> PageLayout:
    """A typewritten page without handwriting and stamps that were recognized poorly, and with its hyphens.

    Any other page as it is.
    """
    width = character_width(layout)
    if width is None:
        return layout

    def change(line: Line) -> Line | None:
        return None if _is_foreign(line, width) else with_words(line, tuple(map(_hyphenated, line.words)))

    blocks = change_lines(layout.blocks, change)
    return replace(layout, blocks=blocks) if blocks and blocks != layout.blocks else layout


def character_width(layout: PageLayout) -> float | None:
    """Width in pixels from one character to the next on a typewritten page; None on any other page.

    ``layout`` has level lines.
    """
    steps = [
        (second.bbox[0] - first.bbox[0], len(first.text) + 1)
        for line in layout.iter_lines()
        for first, second in pairwise(line.words)
        if len(first.text) >= _LEAST_LETTERS and first.confidence > _SURE
    ]
    if len(steps) < _LEAST_WORDS:
        return None
    width = median(step / count for step, count in steps)
    fitting = sum(abs(step - width * count) <= _LARGEST_ERROR * width for step, count in steps)
    return width if width > 0 and fitting >= _LEAST_SHARE * len(steps) else None


def _hyphenated(word: Word) -> Word:
    text = _HYPHEN.sub("-", word.text)
    return word if text == word.text else replace(word, text=text)


def _is_foreign(line: Line, width: float) -> bool:
    """Whether a line that was recognized poorly was not written by the typewriter."""
    if confidence(line.words) >= _DOUBTED:
        return False
    letters = text_length(line.words)
    signs = sum(not is_readable(word.text) for word in line.words)
    if signs == len(line.words) or (signs and letters * width < _SPARSE * (line.bbox[2] - line.bbox[0])):
        return True
    return 2 * text_length(word for word in line.words if not _fits(word, width)) > letters


def _fits(word: Word, width: float) -> bool:
    """Whether the box of a word is as wide as its text, or as its text with spaces between its letters."""
    places, letters = (word.bbox[2] - word.bbox[0]) / width + _SIDE, len(word.text)
    if abs(places - letters) <= _ALLOWED[0] + _ALLOWED[1] * letters:
        return True
    gaps = letters - 1
    spaces = round((places - letters) / gaps) if gaps else 0
    return spaces > 0 and abs(places - letters - spaces * gaps) <= _ALLOWED[0] + _SPACED * letters
