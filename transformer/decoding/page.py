"""Interface of an opened document, and the decoded page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from kserve_ocr.protocol.errors import DamagedDocumentError, TooManyPixelsError
from transformer.decoding.limits import Size
from transformer.decoding.pixels import Pixels

MIN_DPI, MAX_DPI = 70, 2400
_FAX = 1.7
"""Smallest ratio of resolutions that marks a fax; faxes have 204 x 98, 204 x 196 or 200 x 100 dpi."""


class Page(Struct, frozen=True):
    """One page as a viewer displays it: rotated by its EXIF orientation, composited on white."""

    pixels: Pixels
    """uint8, ``(h, w)`` grey or ``(h, w, 3)`` RGB."""
    dpi: int | None
    """Resolution the file states, 70-2400; None when it states none or an absurd one. That of a PDF's page as it is
    drawn may be lower."""
    stretch: tuple[float, float] = (1.0, 1.0)
    """Factors that make the pixels square; a fax has half the resolution vertically."""
    orientation: int = 1
    """EXIF orientation, 1-8, that was applied to the pixels."""
    resolution: tuple[int, int] | None = None
    """What the file states in pixels per inch across and down, of the page as shown; None for ``dpi`` both ways."""


class Document(Protocol):
    """An opened document. Pages are numbered from 1."""

    def sizes(self) -> Iterator[Size]:
        """Sizes of the pages in order, from headers alone; ``(0, 0)`` for a page whose header is damaged."""
        ...

    def decode(self, number: int, *, page_pixels: int) -> Page:
        """One page of at most ``page_pixels`` pixels. Raises an OcrError for one that cannot be decoded."""
        ...

    def close(self) -> None:
        """Release all resources; the document cannot be used afterwards."""
        ...


def resolution(values: object) -> tuple[int, int] | None:
    """Horizontal and vertical resolution that a file states; None if it states none or an absurd one."""
    if not isinstance(values, tuple) or len(values) != 2:
        return None
    try:
        across, down = (float(value) for value in values)
    except (TypeError, ValueError, ArithmeticError):
        return None
    sane = (
        math.isfinite(across) and math.isfinite(down) and MIN_DPI <= min(across, down) <= max(across, down) <= MAX_DPI
    )
    return (round(across), round(down)) if sane else None


def engine_dpi(dpi: int | None) -> int | None:
    """The resolution as an engine takes it; None, for it to estimate that, for one that it would reject."""
    return dpi if dpi is not None and MIN_DPI <= dpi <= MAX_DPI else None


def square(across: int, down: int) -> tuple[int, tuple[float, float]]:
    """The resolution of a page once its pixels are square, and the factors that make them so.

    Small differences are rounding errors; large ones mean a fax.
    """
    dpi = max(across, down)
    if _FAX <= dpi / min(across, down) <= 2 * _FAX:
        return dpi, (dpi / across, dpi / down)
    return round((across + down) / 2), (1.0, 1.0)


def no_memory(number: int) -> TooManyPixelsError:
    """The error for a page that needs more memory than a decoder has."""
    return TooManyPixelsError(
        f"page {number} needs more memory to decode than one page may have; send it at a lower resolution"
    )


def damaged_document(place: str, reason: object) -> DamagedDocumentError:
    """The error for a part of a document that a decoder rejected, with the decoder's message."""
    words = " ".join(str(reason).split())[:200] or type(reason).__name__
    return DamagedDocumentError(f"{place} is damaged and cannot be read ({words}); export the document again")
