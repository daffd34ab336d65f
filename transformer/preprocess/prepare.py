"""Preprocessing of one page: original page → gray page that Tesseract recognizes best, with the geometry between them.

Every step measures the page first and changes it only where that helps.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from transformer.geometry import Geometry
from transformer.preprocess import border, components, lone_numbers, margins, orientation, scale, surroundings
from transformer.preprocess.components import Components
from transformer.preprocess.steps import STEPS
from transformer.preprocess.straighten import deskew, slant
from transformer.preprocess.tone import background, contrast, grayscale, invert

__all__ = ["STEPS", "PreprocessedPage", "prepare"]

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

LEAST_KEPT = 0.7
"""Share of the letters of a page that must still be found once its background is flattened."""


class PreprocessedPage(Struct, frozen=True):
    """A page ready for recognition."""

    pixels: Pixels
    """``(h, w)`` uint8, C-contiguous, dark text on light."""
    geometry: Geometry
    steps: tuple[str, ...]
    """Names of the steps that changed the page, in order."""
    dpi: int | None
    """Resolution to report to Tesseract; None lets it estimate."""
    orientation_uncertain: bool = False
    """Whether the page may be rotated by 90°, 180° or 270° and its components could not decide."""
    letters: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    """``(n, 4)``: left, top, right and bottom edge of components that look like letters in a row, in pixels."""
    numbers: Floats = field(default_factory=lambda: np.zeros((0, 8)))
    """``(n, 8)``: boxes of numbers that stand alone near an edge, of their digits and with dashes, in pixels."""
    blank: bool = False
    """Whether there is nothing on the page that may be a letter."""


def prepare(  # noqa: PLR0913 - independent switches
    page: Pixels,
    *,
    dpi: int | None = None,
    auto: bool = True,
    orient: bool = True,
    latin: bool = True,
    without: frozenset[str] = frozenset(),
) -> PreprocessedPage:
    """Prepare a gray ``(h, w)`` or RGB ``(h, w, 3)`` uint8 page.

    With ``auto`` off the page is only converted to gray. ``dpi`` is the resolution of the original page, if known;
    ``orient`` allows rotation by quarter turns, and ``latin`` says that the shapes of letters show which side is up;
    ``without`` names steps to skip.
    """
    height, width = page.shape[:2]
    if not auto:
        return PreprocessedPage(grayscale.plain(page), Geometry.identity(width, height), (), dpi)
    pipeline = _Pipeline(page, dpi=dpi, latin=latin, without=without if orient else without | {"orient"})
    pipeline.convert_to_gray()
    pipeline.crop()
    pipeline.look_for_marks()
    pipeline.invert()
    pipeline.stretch_contrast()
    pipeline.flatten_background()
    pipeline.remove_border()
    pipeline.orient()
    pipeline.remove_surroundings()
    pipeline.scale()
    pipeline.level()
    return PreprocessedPage(
        np.ascontiguousarray(pipeline.pixels),
        pipeline.geometry,
        tuple(pipeline.steps),
        pipeline.dpi,
        pipeline.orientation_uncertain,
        pipeline.letter_boxes(),
        pipeline.number_boxes(),
        pipeline.only_grain or contrast.is_blank(pipeline.letters),
    )


class _Pipeline:
    """State of one page between steps; each step records its name only if it changed the page."""

    def __init__(self, page: Pixels, *, dpi: int | None, latin: bool, without: frozenset[str]) -> None:
        self.pixels = page
        self.geometry = Geometry.identity(page.shape[1], page.shape[0])
        self.steps: list[str] = []
        self.dpi = dpi
        self.orientation_uncertain = False
        self.on_side = False
        self.only_grain = False
        self.latin = latin
        self.without = without
        self._measured: tuple[Pixels, Components] | None = None

    def convert_to_gray(self) -> None:
        found = None if "color" in self.without else grayscale.readable(self.pixels)
        if found is None:
            self.pixels = grayscale.plain(self.pixels)
        else:
            self._apply(found, "color")

    def crop(self) -> None:
        box = None if "margins" in self.without else margins.inked(self.pixels)
        if box is not None:
            left, top, right, bottom = box
            geometry = Geometry.cropped(self.geometry.preprocessed, box)
            self._apply(np.ascontiguousarray(self.pixels[top:bottom, left:right]), "margins", geometry)

    def look_for_marks(self) -> None:
        self.only_grain = contrast.is_grain(self.pixels, self.measured())

    def invert(self) -> None:
        if self.only_grain or "invert" in self.without:
            return
        inversion = invert.find(self.measured())
        if inversion is None and len(self.measured().right_neighbors[0]) < invert.LEAST_LETTERS:
            inversion = invert.find_sparse(self.pixels)
            if inversion is not None and contrast.is_blank(components.find(invert.apply(self.pixels, inversion))):
                inversion = None
        if inversion is not None:
            self._apply(invert.apply(self.pixels, inversion), "invert")

    def stretch_contrast(self) -> None:
        skipped = self.only_grain or "contrast" in self.without
        found = None if skipped else contrast.stretched(self.pixels, self.measured())
        if found is not None:
            self._apply(found, "contrast")

    def flatten_background(self) -> None:
        if "background" in self.without:
            return
        paper = background.uneven(self.pixels)
        if paper is None:
            return
        flat = background.flatten(self.pixels, paper)
        letters = components.find(flat)
        # Text that the background swallowed is lost for good: rather keep its ground.
        if len(letters.right_neighbors[0]) >= LEAST_KEPT * len(self.measured().right_neighbors[0]):
            self._apply(flat, "background")
            self._measured = flat, letters

    def remove_border(self) -> None:
        found = None if "border" in self.without else border.whitened(self.pixels)
        if found is not None:
            self._apply(found, "border")

    def measured(self) -> Components:
        """The components of the page as it is now."""
        if self._measured is None or self._measured[0] is not self.pixels:
            self._measured = self.pixels, components.find(self.pixels)
        return self._measured[1]

    def letter_boxes(self) -> Floats:
        """Boxes of the letters that stand beside another, where later steps have moved them."""
        rows = self.letters.stats[self.letters.in_rows, :4] * self.letters.factor
        return self._moved(np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1))

    def number_boxes(self) -> Floats:
        """Boxes of numbers that stand alone, where later steps have moved them."""
        return self._moved(lone_numbers.find(self.letters).reshape(-1, 4)).reshape(-1, 8)

    def _moved(self, boxes: Floats) -> Floats:
        """Boxes ``(n, 4)`` of the page before it was scaled, where they are now."""
        corners = np.concatenate([boxes[:, :2], boxes[:, 2:]])
        for transform in self.geometry.maps[self._transforms_before :]:
            corners = transform.forward(corners)
        return np.concatenate(np.split(corners, 2), axis=1)

    def orient(self) -> None:
        if "orient" in self.without:
            return
        found = orientation.estimate(self.measured(), latin=self.latin)
        self.orientation_uncertain = found.uncertain
        self.on_side = found.on_side
        if found.quarter_turns:
            self._apply(
                orientation.rotate(self.pixels, found.quarter_turns),
                "orient",
                Geometry.quarter_turned(self.geometry.preprocessed, found.quarter_turns),
            )

    def remove_surroundings(self) -> None:
        # Only a photo has a texture around its sheet, and its light is uneven.
        if "surroundings" in self.without or "background" not in self.steps:
            return
        found = surroundings.whitened(self.pixels, self.measured())
        if found is not None:
            self._apply(found, "surroundings")

    def scale(self) -> None:
        width, height = self.geometry.preprocessed
        self.letters = self.measured()
        self._transforms_before = len(self.geometry.maps)
        letters = self.letters
        wanted = scale.factor(letters.height, (width, height), letter_share=letters.letter_share)
        factor = 1.0 if "scale" in self.without else wanted
        if factor != 1:
            size = (max(1, round(width * factor)), max(1, round(height * factor)))
            self._apply(scale.resize(self.pixels, size), "scale", Geometry.scaled((width, height), size))
            self.dpi = scale.DPI

    def level(self) -> None:
        # Of the page before it was scaled: slopes and shares of its size are the same.
        if max(self.geometry.preprocessed) > deskew.GREATEST_SIDE:
            return
        flat = self.on_side or "dewarp" in self.without
        curve = None if flat else deskew.dewarp_of(self.letters, self.geometry.preprocessed)
        if curve:
            leaning = slant.measure(self.letters)
            pixels, transform = deskew.straightened(self.pixels, curve, slant=leaning)
            self._apply(pixels, "dewarp", transform)
            return
        if "deskew" in self.without:
            return
        degrees = deskew.angle(self.letters)
        degrees = degrees if abs(degrees) > deskew.LEAST_DEGREES else 0.0
        seen_at_an_angle = degrees or "surroundings" in self.steps
        leaning = slant.measure(self.letters, degrees=degrees) if seen_at_an_angle else 0.0
        if degrees or leaning:
            pixels, transform = deskew.rotated(self.pixels, degrees, slant=leaning)
            self._apply(pixels, "deskew", transform)

    def _apply(self, pixels: Pixels, step: str, transform: Geometry | None = None) -> None:
        """Record the result of a step: pixels, name, and the transform if pixels transform."""
        self.pixels = pixels
        self.steps.append(step)
        if transform:
            self.geometry = self.geometry.then(transform)
