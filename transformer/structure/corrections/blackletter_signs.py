"""Signs of blackletter that are specks of its paper, or hyphens, told by the words around them.

After a full stop, a colon that announces speech or a closed quotation, German goes on with a capital, but for
abbreviations and numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from kserve_ocr.protocol.layout import Block, PageLayout
from transformer.structure.changes import with_new_texts

_HYPHEN: Final = "-"
_SMALL_WORD: Final = re.compile(
    r"(?!(?:betr|resp|bez|bezw|gef|geb|gest|event|eidg|eidgen|kant|sog|ff)\.)[a-zäöüß\u017f]{2,}\."
)
_LONG_WORD: Final = re.compile(r"[^\W\d_]{5,}\.")
"""Words that are no abbreviations, with a full stop."""
_NEVER_LAST: Final = re.compile(
    r"(?:als|am|d(?:em|en|er|es|ie|as|aß|urch)|eine[mnrs]?|ein|für|im|oder|und|vom|von|zum|zur)\."
)
"""Words with which no sentence ends, with a full stop."""
_TAKEN_FOR_HYPHENS: Final = re.compile(r"(?<=[^\W\d_])[:\"\u201c\u201d\u201e\u00ab\u00bb]$")
"""The two strokes of a hyphen, at the end of a line."""
_OPENING: Final = re.compile(r"[\"\u201c\u201e]\w")
_NEAR: Final = 15
"""Words before a quotation mark among which the one that opens is looked for."""


def corrected(layout: PageLayout) -> PageLayout:
    """The page without such specks, and with such hyphens; its print is blackletter."""
    return with_new_texts(layout, (text for block in layout.blocks for text in _texts(block)))


def _texts(block: Block) -> Iterator[str]:
    """The texts of the words of a block, corrected."""
    words = [
        (word.text, number == len(line.words) - 1)
        for paragraph in block.paragraphs
        for line in paragraph.lines
        for number, word in enumerate(line.words)
    ]
    texts = [text for text, _ in words]
    for number, ((text, is_last), (following, _)) in enumerate(pairwise([*words, ("", True)])):
        if not following[:1].islower():
            yield text[:-1] if _NEVER_LAST.fullmatch(text) else text
        elif (
            is_last
            and _TAKEN_FOR_HYPHENS.search(text)
            and not _closes(text, texts[max(0, number - _NEAR) : number + 1])
        ):
            yield text[:-1] + _HYPHEN
        else:
            yield _without_speck(text, is_last=is_last)


def _closes(text: str, before: Sequence[str]) -> bool:
    """Whether a sign at the end of a word closes a quotation that one of the words before it opens."""
    return text[-1] != ":" and any(_OPENING.match(word) for word in before)


def _without_speck(text: str, *, is_last: bool) -> str:
    """The text of a word, before one with a small letter, without a full stop or colon at its end."""
    if text.endswith(":") and len(text) > 1 and not is_last:
        return text[:-1]
    return text[:-1] if _SMALL_WORD.fullmatch(text) or _LONG_WORD.fullmatch(text) else text
