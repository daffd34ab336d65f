"""From pixels of a page as a viewer shows it to the coordinates of the PDF page (ISO 32000-1, 7.7.3 and 8.3)."""

from __future__ import annotations

from typing import Final, NamedTuple

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in units of the page."""

LETTER: Final[Box] = (0.0, 0.0, 612.0, 792.0)
"""What readers take for a page without a usable box."""


class Matrix(NamedTuple):
    """``x' = a·x + c·y + e``, ``y' = b·x + d·y + f``, in PDF's order."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """The image of a point."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def then(self, other: Matrix) -> Matrix:
        """This map followed by ``other``."""
        a, b, c, d, e, f = self
        return Matrix(
            a * other.a + b * other.c,
            a * other.b + b * other.d,
            c * other.a + d * other.c,
            c * other.b + d * other.d,
            *other.apply(e, f),
        )


def visible_box(media: Box | None, crop: Box | None) -> Box:
    """The part of a page that viewers show: the crop box as far as it lies on the media box."""
    media = normalized(media) or LETTER
    crop = normalized(crop)
    if crop is None:
        return media
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if left < right and bottom < top else media


def normalized(box: Box | None) -> Box | None:
    """The box with its corners in order; None for an empty one."""
    if box is None:
        return None
    left, right = sorted((box[0], box[2]))
    bottom, top = sorted((box[1], box[3]))
    return (left, bottom, right, top) if left < right and bottom < top else None


def view_to_page(size: tuple[int, int], box: Box, rotate: int) -> Matrix:
    """The map from pixels of a view of ``size``, y downwards, to coordinates of a page that shows ``box``.

    ``rotate`` is the page's ``/Rotate``: clockwise degrees, a multiple of 90.
    """
    width, height = size
    left, bottom, right, top = box
    across, down = right - left, top - bottom
    match rotate % 360:
        case 90:
            return Matrix(0, down / width, across / height, 0, left, bottom)
        case 180:
            return Matrix(-across / width, 0, 0, down / height, right, bottom)
        case 270:
            return Matrix(0, -down / width, -across / height, 0, right, top)
        case _:
            return Matrix(across / width, 0, 0, -down / height, left, top)
