"""What the engine misreads in a way that boxes or spelling tell: signs, torn words, numbers, letters of old print."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, PageLayout
from transformer.structure.changes import change_lines, with_words
from transformer.structure.corrections import (
    blackletter,
    blackletter_signs,
    blackletter_spelling,
    long_s,
    numbers,
    pairs,
    signs,
    torn_words,
    typewriter,
)


def corrected(layout: PageLayout, *, languages: Collection[str] = ()) -> PageLayout:
    """The page with such signs, words and numbers corrected; boxes stay, but for words that are joined.

    ``layout`` has level lines in Latin script, recognized with the models ``languages``.
    """
    old_print = not blackletter.MODELS.isdisjoint(languages)

    def change(line: Line) -> Line | None:
        words = [signs.renamed(word, number, line) for number, word in enumerate(line.words)]
        if old_print:
            words = [
                replace(word, text=blackletter_spelling.corrected(blackletter.letters(word.text))) for word in words
            ]
        words = torn_words.joined(words, line.height)
        return with_words(line, tuple(pairs.with_brackets(numbers.in_line(words))))

    blocks = change_lines(layout.blocks, change)
    page = typewriter.corrected(layout if blocks == layout.blocks else replace(layout, blocks=blocks))
    page = pairs.without_lone_quotes(page, old_print=old_print)
    if old_print:
        page = blackletter_signs.corrected(page)
    if not numbers.WITH_POINTS.isdisjoint(languages):
        page = numbers.with_decimal_points(page)
    return long_s.restored(page) if not long_s.MODELS.isdisjoint(languages) else page
