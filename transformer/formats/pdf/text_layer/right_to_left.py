"""Words of right-to-left scripts with their characters in the order in which they stand on the page."""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import Final

# Bidirectional classes of the Unicode standard, annex 9.
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_LEFT_TO_RIGHT: Final = frozenset({"L", "EN", "AN"})
_FOLLOWING: Final = frozenset({"NSM", "ES", "ET", "CS"})


def is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text)


def visual_order(text: str) -> str:
    """The word with its characters from left to right as they stand.

    Runs of letters are told from runs of numbers and Latin script, the order of runs is turned round, and so are the
    letters inside right-to-left runs: what the Unicode bidirectional algorithm does within one word.
    """
    if not is_right_to_left(text):
        return text
    runs = [(key, list(run)) for key, run in groupby(_directed(text), key=lambda item: item[1])]
    return "".join(
        "".join(char for char, _ in (reversed(run) if right_to_left else run)) for right_to_left, run in reversed(runs)
    )


def _directed(text: str) -> list[tuple[str, bool]]:
    """Every character with whether it runs from right to left.

    Marks and number signs follow what stands before them.
    """
    directed: list[tuple[str, bool]] = []
    right_to_left = True
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind not in _FOLLOWING:
            right_to_left = kind not in _LEFT_TO_RIGHT
        directed.append((char, right_to_left))
    return directed
