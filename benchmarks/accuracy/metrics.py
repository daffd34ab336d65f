"""How well a text was read: character error rate and word recall."""

from __future__ import annotations

import unicodedata
from collections import Counter

WORST_CER = 1.5
FOLDED = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u00b4": "'", "`": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2015": "-", "\u2212": "-",
    "\u017f": "s",
})  # fmt: skip


def normalise(text: str) -> str:
    """NFKC, with curly quotes and dashes folded, long s as s, and white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(FOLDED).split())


def edit_distance(first: str, second: str) -> int:
    """Levenshtein distance, by Hyyrö's bit vectors (2003) on Python's long integers."""
    if not first or not second:
        return len(first) + len(second)
    places: dict[str, int] = {}
    for index, character in enumerate(first):
        places[character] = places.get(character, 0) | 1 << index
    mask, last = (1 << len(first)) - 1, 1 << len(first) - 1
    up, down, distance = mask, 0, len(first)
    for character in second:
        match = places.get(character, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        right = down | ~(diagonal | up) & mask
        left = up & diagonal
        distance += bool(right & last) - bool(left & last)
        right = right << 1 | 1
        up = (left << 1 | ~(diagonal | right)) & mask
        down = right & diagonal & mask
    return distance


def _alike(read: str, truth: str) -> tuple[str, str]:
    """Both texts normalized; in capitals if the truth was transcribed in capitals only."""
    read, truth = normalise(read), normalise(truth)
    return (read.upper(), truth) if truth.isupper() else (read, truth)


def character_error_rate(read: str, truth: str) -> float:
    """Edit distance over the length of the truth, at most 1.5; both texts are normalised first."""
    read, truth = _alike(read, truth)
    return min(edit_distance(truth, read) / max(1, len(truth)), WORST_CER)


def word_recall(read: str, truth: str) -> float:
    """Share of the truth's words that were read, as bags of words; 1 when there is nothing to read."""
    read, truth = _alike(read, truth)
    wanted, found = Counter(truth.split()), Counter(read.split())
    return (wanted & found).total() / wanted.total() if wanted else 1.0
