"""Limits on documents, checked against headers before any pixel is decoded."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from kserve_ocr.protocol.errors import DamagedDocumentError, TooManyBytesError, TooManyPagesError, TooManyPixelsError
from transformer.decoding.page_range import EVERY_PAGE, PageRange

Size = tuple[int, int]
"""Width and height in pixels."""


class Limits(Struct, frozen=True):
    """Limits of one document: pixels per page, pages and pixels in total."""

    page_pixels: int
    pages: int
    pixels: int


class RequestQuota(Struct):
    """Pages and pixels that a request has left, shared by its documents."""

    pages: int
    pixels: int

    def take(self, size: Size) -> None:
        """Count one page. Raises TooManyPagesError or TooManyPixelsError above the limit."""
        if self.pages < 1:
            raise TooManyPagesError("the request has more pages than are allowed; send fewer or use pages=")
        self.pages -= 1
        self.pixels -= size[0] * size[1]
        if self.pixels < 0:
            raise TooManyPixelsError(
                "the pages of the request have more pixels together than are allowed; "
                "send fewer pages or a lower resolution"
            )


def check_bytes(size: int, limit: int) -> None:
    """Raise TooManyBytesError for a document of more than ``limit`` bytes."""
    if size > limit:
        raise TooManyBytesError(f"the document has {size} bytes, more than the {limit} allowed; send a smaller file")


def check_page(number: int, size: Size, limit: int) -> None:
    """Raise TooManyPixelsError for a page of more than ``limit`` pixels, DamagedDocumentError for one of none."""
    width, height = size
    if width < 1 or height < 1:
        raise DamagedDocumentError(f"page {number} is damaged and has no usable size; export the document again")
    if width * height > limit:
        raise TooManyPixelsError(
            f"page {number} has {width} x {height} pixels, more than the {limit} allowed; send it at a lower resolution"
        )


def choose(sizes: Iterable[Size], selection: PageRange, limits: Limits) -> tuple[int, ...]:
    """The numbers of the pages to read, in reading order, each within the limits.

    ``sizes`` are those of the document's pages in order. They are read no further than the selection reaches, so
    that the end of a long document costs nothing. Raises the errors of :func:`check_page`, TooManyPagesError,
    TooManyPixelsError for all pages together, and InvalidParameterError for a page that the document does not have.
    """
    count = pixels = seen = 0
    for seen, size in enumerate(sizes, 1):
        if selection is EVERY_PAGE or seen in selection:
            count += 1
            pixels += size[0] * size[1]
            if count > limits.pages:
                raise TooManyPagesError(
                    f"the document has more than the {limits.pages} pages that are allowed; "
                    "send it in parts or name the pages with pages="
                )
            check_page(seen, size, limits.page_pixels)
            if pixels > limits.pixels:
                raise TooManyPixelsError(
                    f"pages up to {seen} have {pixels} pixels, more than the {limits.pixels} allowed in all; "
                    "send fewer pages or a lower resolution"
                )
        if seen == selection.last:
            break
    if not seen:
        raise DamagedDocumentError("the document has no pages; export the document again")
    return selection.of(seen)
