"""Letters of blackletter that its models write as other signs."""

from __future__ import annotations

import re
from typing import Final

MODELS: Final = frozenset({"frk", "deu_latf", "script/Fraktur"})
"""Models for print whose hyphens are double."""

_DASH: Final = "\u2014"
_HYPHENS: Final = re.compile(r"=|[=-]{2,3}")
"""What a dash is taken for, since hyphens are double."""
_CH: Final = re.compile(r"c?<h?(?=[^\W\d])|(?<=[^\W\d])c?<h?")
_CK: Final = re.compile(r"(?<=[a-zäöü\u017f])c?>k?")
_S: Final = re.compile(r"(?<=[^\W\d_])8(?![\d./])|(?<=[^\W\d_])8(?=[^\W\d_])")
"""The round s at the end of a word, or of a part of it."""

_SPECK: Final = re.compile(r"[-.,:;](?=[^\W\d_]{2})")
"""A sign right before a word, where print has none."""


def letters(word: str) -> str:
    """The text of a word with dashes for signs of two or three hyphens, ch and ck for angle brackets, s for 8.

    A sign before its first letter goes.
    """
    if _HYPHENS.fullmatch(word):
        return _DASH
    if _SPECK.match(word):
        word = word[1:]
    return _S.sub("s", _CK.sub("ck", _CH.sub("ch", word)))
