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
    job = _Job(page, dpi=dpi, without=without if orient else without | {"orient"})
    job.make_grey()
    job.invert()
    job.divide_background()
    job.take_border_away()
    job.measure()
    job.orient()
    job.scale()
    job.level()
    return Prepared(np.ascontiguousarray(job.pixels), job.geometry, tuple(job.steps), job.dpi, job.doubt)


class _Job:
    """One page on its way through the steps; each leaves its slug only when it changed something."""

    def __init__(self, page: Pixels, *, dpi: int | None, without: frozenset[str]) -> None:
        self.pixels = page
        self.geometry = Geometry.identity(page.shape[1], page.shape[0])
        self.steps: list[str] = []
        self.dpi = dpi
        self.doubt = False
        self.without = without

    def make_grey(self) -> None:
        found = None if "colour" in self.without else grey.readable(self.pixels)
        if found is None:
            self.pixels = grey.plain(self.pixels)
        else:
            self.become(found, "colour")

    def invert(self) -> None:
        if "invert" not in self.without and polarity.is_light_on_dark(self.pixels):
            self.become(polarity.invert(self.pixels), "invert")

    def divide_background(self) -> None:
        if "background" in self.without:
            return
        paper = background.estimate(self.pixels)
        if not background.is_even(paper):
            self.become(background.flatten(self.pixels, paper), "background")

    def take_border_away(self) -> None:
        found = None if "border" in self.without else border.whitened(self.pixels)
        if found is not None:
            self.become(found, "border")

    def measure(self) -> None:
        self.letters = glyphs.find(self.pixels)

    def orient(self) -> None:
        if "orient" in self.without:
            return
        found = orientation.find(self.letters)
        self.doubt = found.doubt
        if found.quarters:
            self.become(
                orientation.turned(self.pixels, found.quarters),
                "orient",
                Geometry.turned(self.geometry.read, found.quarters),
            )
            self.measure()

    def scale(self) -> None:
        width, height = self.geometry.read
        factor = 1.0 if "scale" in self.without else scale.factor(self.letters.height, width, height)
        if factor != 1:
            size = (max(1, round(width * factor)), max(1, round(height * factor)))
            self.become(scale.resize(self.pixels, size), "scale", Geometry.scaled((width, height), size))
            self.dpi = scale.DPI

    def level(self) -> None:
        if max(self.geometry.read) > skew.GREATEST_SIDE:
            return
        curve = None if "dewarp" in self.without else skew.bend(self.letters, self.geometry.read)
        if curve:
            pixels, moved = skew.straightened(self.pixels, curve)
            self.become(pixels, "dewarp", moved)
            return
        degrees = 0.0 if "deskew" in self.without else skew.angle(self.letters)
        if abs(degrees) > skew.LEAST_DEGREES:
            pixels, moved = skew.rotated(self.pixels, degrees)
            self.become(pixels, "deskew", moved)

    def become(self, pixels: Pixels, step: str, moved: Geometry | None = None) -> None:
        """Take over what a step made of the page, and where it moved things."""
        self.pixels = pixels
        self.steps.append(step)
        if moved:
            self.geometry = self.geometry.then(moved)
