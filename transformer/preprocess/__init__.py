"""Preparation of one page for reading: page as sent → grey page that Tesseract reads best, and the way back.

Every step measures the page first and leaves a clean one alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transformer.geometry import Geometry
from transformer.preprocess import background, border, glyphs, grey, orientation, polarity, scale, skew

Pixels = NDArray[np.uint8]

STEPS: tuple[str, ...] = ("colour", "invert", "background", "border", "orient", "scale", "dewarp", "deskew")
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
    if not auto:
        return Prepared(grey.plain(page), Geometry.identity(width, height), (), dpi)
    job = _Job(page, without=without if orient else without | {"orient"})
    job.colour()
    job.invert()
    job.background()
    job.border()
    job.orient()
    job.scale()
    job.deskew()
    return Prepared(
        np.ascontiguousarray(job.pixels),
        job.geometry,
        tuple(job.steps),
        round(dpi * job.enlarged) if dpi else None,
        job.doubt,
    )


class _Job:
    """One page on its way through the steps."""

    def __init__(self, page: Pixels, *, without: frozenset[str]) -> None:
        self.page = page
        self.pixels = page
        self.geometry = Geometry.identity(page.shape[1], page.shape[0])
        self.steps: list[str] = []
        self.without = without
        self.doubt = False
        self.enlarged = 1.0

    def colour(self) -> None:
        found = None if "colour" in self.without else grey.readable(self.page)
        self.pixels = grey.plain(self.page) if found is None else found
        if found is not None:
            self.steps.append("colour")

    def invert(self) -> None:
        if "invert" not in self.without and polarity.is_light_on_dark(self.pixels):
            self.pixels = polarity.invert(self.pixels)
            self.steps.append("invert")

    def background(self) -> None:
        if "background" in self.without:
            return
        paper = background.estimate(self.pixels)
        if not background.is_even(paper):
            self.pixels = background.flatten(self.pixels, paper)
            self.steps.append("background")

    def border(self) -> None:
        self.glyphs = glyphs.find(self.pixels)
        if "border" in self.without:
            return
        edges = border.find(self.pixels, self.glyphs)
        if edges is not None:
            self.pixels = border.cleared(self.pixels, edges)
            self.steps.append("border")

    def orient(self) -> None:
        if "orient" in self.without:
            return
        found = orientation.find(self.glyphs)
        self.doubt = found.doubt
        if found.quarters:
            self.geometry = self.geometry.then(Geometry.turned(self.geometry.read, found.quarters))
            self.pixels = np.ascontiguousarray(np.rot90(self.pixels, found.quarters))
            self.glyphs = glyphs.find(self.pixels)
            self.steps.append("orient")

    def deskew(self) -> None:
        size = self.geometry.read
        found = None if "dewarp" in self.without else skew.bend(self.glyphs, size)
        if found:
            self.pixels, moved = skew.straightened(self.pixels, found)
            self.geometry = self.geometry.then(moved)
            self.steps.append("dewarp")
            return
        degrees = 0.0 if "deskew" in self.without else skew.angle(self.glyphs)
        if abs(degrees) > skew.LEAST_DEGREES:
            self.pixels, moved = skew.rotated(self.pixels, degrees)
            self.geometry = self.geometry.then(moved)
            self.steps.append("deskew")

    def scale(self) -> None:
        if "scale" in self.without:
            return
        width, height = self.geometry.read
        factor = scale.factor(self.glyphs.height, width, height)
        if factor != 1:
            size = (round(width * factor), round(height * factor))
            self.pixels = scale.resize(self.pixels, size)
            self.geometry = self.geometry.then(Geometry.scaled((width, height), size))
            self.steps.append("scale")
            self.enlarged = factor
