"""What every kind of document offers, and the page that decoding gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from protocol.errors import DamagedDocumentError, TooManyPixelsError
from transformer.decoding.limits import Size
from transformer.decoding.pixels import Pixels

MIN_DPI, MAX_DPI = 70, 2400


@dataclass(frozen=True, slots=True)
class Page:
    """One page as a viewer shows it: turned by its EXIF orientation, over white paper."""

    pixels: Pixels
    """uint8, ``(h, w)`` grey or ``(h, w, 3)`` RGB."""
    dpi: int | None
    """Resolution the file states, 70–2400; None when it states none or an absurd one."""
    orientation: int = 1
    """EXIF orientation, 1–8, that the pixels have been turned by."""


class Document(Protocol):
    """An opened document. Pages are numbered from 1."""

    def sizes(self) -> Iterator[Size]:
        """Sizes of the pages in order, from headers alone; ``(0, 0)`` for a page whose header is damaged."""
        ...

    def decode(self, number: int, *, page_pixels: int) -> Page:
        """One page of at most ``page_pixels`` pixels. Raises an OcrError for one that cannot be decoded."""
        ...

    def close(self) -> None:
        """Release everything; nothing else may be called afterwards."""
        ...


def sane_dpi(*values: Any) -> int | None:
    """The whole resolution that the values, horizontal and vertical, agree on; None if they are absurd."""
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, ArithmeticError):
        return None
    if not numbers or not all(math.isfinite(number) and MIN_DPI <= number <= MAX_DPI for number in numbers):
        return None
    return round(sum(numbers) / len(numbers))


def no_memory(number: int) -> TooManyPixelsError:
    """The error for a page that needs more memory than a decoder has."""
    return TooManyPixelsError(
        f"page {number} needs more memory to decode than one page may have; send it at a lower resolution"
    )


def damaged(place: str, reason: object) -> DamagedDocumentError:
    """The error for a part of a document that a decoder refused, with the decoder's own words."""
    words = " ".join(str(reason).split())[:200] or type(reason).__name__
    return DamagedDocumentError(f"{place} is damaged and cannot be read ({words}); save or export it anew")
