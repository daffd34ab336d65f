"""Preparation of one page for reading: page as sent → grey page that Tesseract reads best, and the way back.

Every step measures the page first and leaves a clean one alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transformer.geometry import Geometry
from transformer.preprocess import background, glyphs, grey, scale

Pixels = NDArray[np.uint8]

STEPS: tuple[str, ...] = ("colour", "background", "scale")
"""Slugs of all steps, in the order in which they run."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page ready to be read."""

    pixels: Pixels
    """``(h, w)`` uint8, C-contiguous, dark text on light."""
    geometry: Geometry
    steps: tuple[str, ...]
    """Slugs of the steps that changed the page, in order."""
    dpi: int | None
    """Resolution to tell Tesseract; None lets it estimate."""
    doubt: bool = False
    """Whether the page may be turned by 90°, 180° or 270° and its pixels could not settle it."""


def prepare(
    page: Pixels,
    *,
    dpi: int | None = None,
    auto: bool = True,
    orient: bool = True,
    without: frozenset[str] = frozenset(),
) -> Prepared:
    """Prepare a grey ``(h, w)`` or RGB ``(h, w, 3)`` uint8 page.

    With ``auto`` off the page is only made grey. ``dpi`` is the resolution of the page as sent, when known;
    ``orient`` allows turns by quarters; ``without`` names steps to leave out, for measurements.
    """
    height, width = page.shape[:2]
    geometry = Geometry.identity(width, height)
    if not auto:
        return Prepared(grey.plain(page), geometry, (), dpi)
    steps: list[str] = []
    if "colour" in without:
        pixels = grey.plain(page)
    else:
        pixels, changed = grey.readable(page)
        steps += ["colour"] * changed
    if "background" not in without:
        paper = background.estimate(pixels)
        if not background.is_even(paper):
            pixels = background.flatten(pixels, paper)
            steps.append("background")
    if "scale" not in without:
        factor = scale.factor(glyphs.find(pixels).height, width, height)
        if factor > 1:
            size = (round(width * factor), round(height * factor))
            pixels = scale.resize(pixels, size)
            geometry = geometry.then(Geometry.scaled((width, height), size))
            dpi = round(dpi * factor) if dpi else None
            steps.append("scale")
    return Prepared(np.ascontiguousarray(pixels), geometry, tuple(steps), dpi)
