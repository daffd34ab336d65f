"""Which font faces the words of a page are shown in: few different ones, and few changes from word to word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from transformer.formats.pdf.text_layer.glyphless_font import STEP, GlyphlessFont

Extent = tuple[float, float]
"""Ascent and descent."""
_Floats = NDArray[np.float64]

_CANDIDATES: Final = np.array([(ascent, descent) for ascent in range(1, 61) for descent in range(31)]) * STEP
"""Em."""
_MOST_FACES: Final = 120
"""Of one document; each takes half a kilobyte. After that, words are shown in the face that suits them best."""
_EPSILON: Final = 1e-9


def faces(extents: Sequence[Extent], sizes: Sequence[int], font: GlyphlessFont, *, tolerance: float) -> Iterator[str]:
    """The resource name of each word's face.

    ``extents`` and ``tolerance`` are in the unit of ``sizes``, the font sizes. Faces that ``font`` has come first; of
    new ones, each is the one that suits most of the words that no other suits (greedy set cover). Then every run of
    words gets the face that suits the longest run, which gives the fewest changes.
    """
    scale = np.array(sizes, float)[:, None]
    ends = np.array(extents, float) / scale
    chosen, suits = _covering(ends, tolerance / scale + _EPSILON, font)
    reach = _reach(suits, sizes)
    at = 0
    while at < len(sizes):
        best = int(np.argmax(reach[at]))
        yield from [font.face(*chosen[best])] * int(reach[at, best])
        at += int(reach[at, best])


def _covering(ends: _Floats, within: _Floats, font: GlyphlessFont) -> tuple[list[Extent], NDArray[np.bool_]]:
    """Faces of which one suits each word, and which word each suits."""
    chosen: list[Extent] = [(ascent * STEP, descent * STEP) for ascent, descent in font.faces.values()]
    left = ~_suits(ends, within, chosen).any(axis=1)
    candidates = _suits(ends[left], within[left], _CANDIDATES) if left.any() else np.zeros((0, len(_CANDIDATES)), bool)
    rest = ends[left]
    while len(rest) and len(chosen) < _MOST_FACES:
        counts = candidates.sum(axis=0)
        best = int(np.argmax(counts))
        # Letters so large that none of the candidates is near enough get the nearest.
        face = _CANDIDATES[best] if counts[best] else np.maximum(np.rint(rest[0] / STEP), (1, 0)) * STEP
        chosen.append((float(face[0]), float(face[1])))
        keeps = ~candidates[:, best]
        if not counts[best]:
            keeps[0] = False
        rest, candidates = rest[keeps], candidates[keeps]
    suits = _suits(ends, within, chosen)
    for at in np.flatnonzero(~suits.any(axis=1)):
        suits[at, np.argmin(np.abs(ends[at] - np.array(chosen)).max(axis=1))] = True
    return chosen, suits


def _suits(ends: _Floats, within: _Floats, chosen: Sequence[Extent] | _Floats) -> NDArray[np.bool_]:
    """``(words, faces)``: whether ascent and descent of a face are near enough to those of a word."""
    gaps = np.abs(ends[:, None, :] - np.array(chosen, float).reshape(-1, 2)[None])
    return np.asarray((gaps <= within[:, None, :]).all(axis=2))


def _reach(suits: NDArray[np.bool_], sizes: Sequence[int]) -> NDArray[np.int64]:
    """``(words, faces)``: how many words of one size, from each on, a face suits."""
    reach = np.zeros(suits.shape, np.int64)
    follows = np.zeros(suits.shape[1], np.int64)
    for at in range(len(sizes) - 1, -1, -1):
        if at + 1 < len(sizes) and sizes[at + 1] != sizes[at]:
            follows = np.zeros_like(follows)
        reach[at] = follows = np.where(suits[at], follows + 1, 0)
    return reach
