"""Reads the layout of a recognized page from Tesseract's result iterator."""

from __future__ import annotations

import unicodedata
from typing import Final

import tesserocr

from kserve_ocr.protocol.layout import Box, PageLayout, Word
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.engines.choices import Choice, chosen
from predictor.engines.layout_builder import LayoutBuilder

_BLOCK, _PARAGRAPH = tesserocr.RIL.BLOCK, tesserocr.RIL.PARA
_LINE, _WORD, _SYMBOL = tesserocr.RIL.TEXTLINE, tesserocr.RIL.WORD, tesserocr.RIL.SYMBOL
_DEFAULTS: Final = RecognitionOptions()
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
"""Unicode's bidirectional classes of Hebrew, Arabic and related letters."""


def word_confidences(results: tesserocr.PyResultIterator | None) -> list[float]:
    """The confidence, from 0 to 1, of every word that has text."""
    values: list[float] = []
    if results is None or results.Empty(_WORD):
        return values
    while True:
        if results.GetUTF8Text(_WORD).strip():
            values.append(results.Confidence(_WORD) / 100)
        if not results.Next(_WORD):
            return values


def page_layout(
    results: tesserocr.PyResultIterator | None, options: RecognitionOptions = _DEFAULTS, *, width: int, height: int
) -> PageLayout:
    """The layout of the recognized page, ``width`` by ``height`` pixels."""
    builder = LayoutBuilder()
    if results is None or results.Empty(_WORD):
        return builder.page(width=width, height=height)
    while True:
        if results.IsAtBeginningOf(_BLOCK):
            builder.block(results.BoundingBox(_BLOCK))
        if results.IsAtBeginningOf(_PARAGRAPH):
            builder.paragraph(results.BoundingBox(_PARAGRAPH))
        if results.IsAtBeginningOf(_LINE):
            box: Box = results.BoundingBox(_LINE)
            height_of_row = float(results.RowAttributes()["row_height"])
            builder.line(box, baseline=_baseline(results, box), height=height_of_row)
        box, confidence = results.BoundingBox(_WORD), results.Confidence(_WORD) / 100
        if options.needs_choices:
            builder.word(chosen(symbol_choices(results), options, bbox=box, confidence=confidence))
        else:
            builder.word(Word(_word_text(results), box, confidence))
        if not results.Next(_WORD):
            return builder.page(width=width, height=height)


def _word_text(results: tesserocr.PyResultIterator) -> str:
    """The text of the word at the iterator, in logical order; leaves the iterator within the word.

    Tesseract stores words in visual order, and the binding returns those of right-to-left scripts so. Only symbol by
    symbol does the iterator follow the direction of the script.
    """
    text: str = results.GetUTF8Text(_WORD)
    if not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return text
    symbols: list[str] = [results.GetUTF8Text(_SYMBOL)]
    while not results.IsAtFinalElement(_WORD, _SYMBOL) and results.Next(_SYMBOL):
        symbols.append(results.GetUTF8Text(_SYMBOL))
    return "".join(symbols)


def symbol_choices(results: tesserocr.PyResultIterator) -> list[list[Choice]]:
    """For each symbol of the word at the iterator, what it was recognized as, then what else it may be.

    In logical order; leaves the iterator within the word.
    """
    symbols: list[list[Choice]] = []
    while True:
        text: str = results.GetUTF8Text(_SYMBOL)
        others = results.GetChoiceIterator() or ()
        found = [Choice(choice.GetUTF8Text(), choice.Confidence() / 100) for choice in others]
        symbols.append([Choice(text, results.Confidence(_SYMBOL) / 100), *(one for one in found if one.text != text)])
        if results.IsAtFinalElement(_WORD, _SYMBOL) or not results.Next(_SYMBOL):
            return symbols


def _baseline(results: tesserocr.PyResultIterator, box: Box) -> tuple[float, float, float, float]:
    points = results.Baseline(_LINE)
    if points is None:
        x0, _, x1, y1 = box
        return float(x0), float(y1), float(x1), float(y1)
    (left, left_y), (right, right_y) = points
    return float(left), float(left_y), float(right), float(right_y)
