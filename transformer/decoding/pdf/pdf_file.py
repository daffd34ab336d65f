"""PDF files, rendered by PDFium page by page. Its build here has no JavaScript engine and no XFA."""

from __future__ import annotations

import ctypes
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np
import pypdfium2
from msgspec import Struct
from pypdfium2 import raw

from kserve_ocr.protocol.errors import EncryptedDocumentError, OcrError
from kserve_ocr.protocol.layout import Box, PageLayout
from transformer.decoding.limits import Size, check_page
from transformer.decoding.page import Page, damaged_document, no_memory
from transformer.decoding.pdf import embedded_text
from transformer.decoding.pdf.pdf_repair import repaired

DPI = 300
"""Resolution in dpi at which vector pages are recognized best."""
_POINTS = 72
_MIN_SCAN_DPI, _MAX_SCAN_DPI = 50, 600
"""Higher scan resolutions add pixels, not accuracy."""
_MIN_DPI = 100
"""Below this resolution vector text is illegible; a page that exceeds the limits at it is rejected."""
_LEGIBLE_SIDE = 4_000
"""Pixels along the longest side that are enough for a poster, whose text is larger; it may have less than 100 dpi."""
_DRAWN_PIXELS = 40_000_000
"""Drawn pages beyond A3 get less than 300 dpi rather than more pixels, and so do scans that must be reduced; their text
is larger."""
_LONGEST_SIDE = 32_000
_MOST_POINTS = 1e6
_SCAN_COVERS = 0.8
"""Share of the page that images must cover for it to count as scanned."""
_PART_COVERS = 0.02
"""Share of the page that an image must cover to be part of a scan; logos are smaller, strips are not."""
_INVISIBLE = 3
"""Text render mode of a text layer (ISO 32000-1, table 106)."""
_UNREAD_COVERS = 0.1
"""Share of the page that an image must cover to be read although the page has text."""
_FEW_WORDS = 30
"""Words on an image that may be a stamp or a header rather than all of its text."""
_MAX_OBJECTS = 200
"""Pages with more objects are rendered as vector pages; examining all could take longer than rendering."""

logging.getLogger("pypdfium2").setLevel(logging.ERROR)


class EmbeddedText(Struct, frozen=True):
    """Text that a page has of its own."""

    layout: PageLayout
    """In pixels of the page as drawn at ``dpi``."""
    dpi: int
    unread_images: tuple[Box, ...]
    """Large images with next to no text on them, in the same pixels: there may be more to read."""


class PdfDocument:
    """A PDF as pages; implements :class:`~transformer.decoding.page.Document`.

    A scanned page is rendered at the resolution of its scan, any other at 300 dpi, or what fits the limits. ``/Rotate``
    and the crop box are honoured, annotations and form fields drawn. A text layer changes nothing.
    """

    def __init__(self, file: BinaryIO, *, page_pixels: int, password: str = "") -> None:
        """Open a seekable file, which must stay open as long as this object.

        Raises EncryptedDocumentError or DamagedDocumentError.
        """
        self._page_pixels = page_pixels
        self._pdf: Any = _opened(file, password)
        with _pdfium("the PDF file", 1):
            self._pdf.init_forms()

    def sizes(self) -> Iterator[Size]:
        """Sizes of the pages as they would be rendered without a scan; see the protocol."""
        for index in range(len(self._pdf)):
            try:
                width, height = self._pdf.get_page_size(index)
                if not (width and height):
                    page = self._page(index + 1)
                    width, height = page.get_size()
                    page.close()
                yield _size(width, height, _fitting(width, height, DPI, pixels=_drawn(self._page_pixels)))
            except (pypdfium2.PdfiumError, OverflowError, ValueError):
                yield 0, 0

    def decode(self, number: int, *, page_pixels: int) -> Page:
        """Render one page; see the protocol."""
        with _pdfium(f"page {number}", number):
            page = self._page(number)
            try:
                width, height = page.get_size()
                scan = _scan_dpi(page, width * height)
                whole = scan is not None and math.prod(_size(width, height, scan)) <= page_pixels
                dpi = _fitting(width, height, scan or DPI, pixels=page_pixels if whole else _drawn(page_pixels))
                check_page(number, _size(width, height, dpi), page_pixels)
                bitmap = page.render(scale=_scale(dpi), rev_byteorder=True)
                return Page(np.ascontiguousarray(bitmap.to_numpy()), round(dpi))
            finally:
                page.close()

    def embedded(
        self, number: int, *, page_pixels: int, only_visible: bool = False, wants_layout: bool = True
    ) -> EmbeddedText | None:
        """The text that a page has of its own; None for a page without any that is of use.

        ``only_visible`` leaves out an invisible layer of an earlier recognition. Without ``wants_layout`` the layout of
        a page that has no unread images is empty, which takes a fifth of the time. Raises as :meth:`decode`.
        """
        with _pdfium(f"page {number}", number):
            page = self._page(number)
            try:
                width, height = page.get_size()
                dpi = _fitting(width, height, DPI, pixels=_drawn(page_pixels))
                size = _size(width, height, dpi)
                with embedded_text.characters(page.raw) as characters:
                    invisible = characters is not None and characters.are_invisible
                    if characters is None or (invisible and only_visible):
                        return None
                    images = () if invisible else _large_images(page, size, dpi)
                    layout = characters.layout(size) if wants_layout or images else PageLayout(*size, blocks=())
                    return EmbeddedText(layout, round(dpi), _unread(images, layout))
            finally:
                page.close()

    def _page(self, number: int) -> Any:
        """PDFium's page; all of its media box if its crop box lies outside of that."""
        page = self._pdf[number - 1]
        if 0.0 in page.get_size():
            page.set_cropbox(*page.get_mediabox())
        return page

    def label(self, number: int) -> str:
        """What viewers show as the number of a page, such as ``iv``; empty if the document names none."""
        with _pdfium(f"page {number}", number):
            return str(self._pdf.get_page_label(number - 1) or "")

    def close(self) -> None:
        """Release the document; the file stays the caller's."""
        self._pdf.close()


def _opened(file: BinaryIO, password: str) -> Any:
    """PDFium's document, of a file that is repaired if it has to be."""
    try:
        document = _pdfium_document(file, password)
        if _has_its_last_page(document):
            return document
        whole = repaired(file, password=password)
        return document if whole is None else _pdfium_document(whole, password)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise EncryptedDocumentError(
                "the PDF is encrypted and the password does not open it; send the right one as password="
                if password
                else "the PDF is encrypted and opens only with a password; send it as password=, "
                "or save the PDF without one and send that"
            ) from None
        whole = repaired(file, password=password)
        with suppress(pypdfium2.PdfiumError):
            if whole is not None:
                return _pdfium_document(whole, password)
        raise damaged_document("the PDF file", "it is no complete PDF or has no pages") from error


def _has_its_last_page(document: Any) -> bool:
    """Whether the last page is there: a page tree may say that it has more pages than it has."""
    try:
        document.get_page_size(len(document) - 1)
    except pypdfium2.PdfiumError:
        return False
    return True


def _pdfium_document(file: BinaryIO, password: str) -> Any:
    # PDFium keeps its last error, and a PDF without pages sets none: set one that says nothing about this file.
    raw.FPDF_LoadMemDocument64(b"", 0, None)
    return pypdfium2.PdfDocument(file, password=password or None)


@contextmanager
def _pdfium(place: str, number: int) -> Iterator[None]:
    try:
        yield
    except OcrError:
        raise
    except MemoryError:
        raise no_memory(number) from None
    except (pypdfium2.PdfiumError, ArithmeticError, ValueError) as error:
        raise damaged_document(place, error) from error


def _scale(dpi: float) -> float:
    # PDFium rounds sizes up: slightly less keeps the exact size, and so the exact pixels, of a scan.
    return dpi / _POINTS * (1 - 1e-6)


def _size(width: float, height: float, dpi: float) -> Size:
    """Size in pixels of a page given in points."""
    return math.ceil(width * _scale(dpi)), math.ceil(height * _scale(dpi))


def _fitting(width: float, height: float, dpi: float, *, pixels: int) -> float:
    """``dpi`` reduced to the pixel limit; raises if it would fall below the legible minimum."""
    if not (0 < width < _MOST_POINTS and 0 < height < _MOST_POINTS):
        raise ValueError(f"it says it is {width:g} x {height:g} points large")
    # The largest scale s with (width s + 1) (height s + 1) <= pixels, since both sides are rounded up.
    area, sides = width * height, width + height
    scale = (math.sqrt(sides**2 + 4 * area * (pixels - 1)) - sides) / (2 * area)
    most = min(scale, _LONGEST_SIDE / max(width, height)) * _POINTS
    least = min(_MIN_DPI, _LEGIBLE_SIDE / max(width, height) * _POINTS)
    return dpi if dpi <= most else max(most, min(dpi, least))


def _drawn(page_pixels: int) -> int:
    return min(page_pixels, _DRAWN_PIXELS)


def _scan_dpi(page: Any, area: float) -> float | None:
    """The resolution of the scan that a page of ``area`` square points consists of; None for a drawn page."""
    covered = best = 0.0
    for count, found in enumerate(page.get_objects(max_depth=3)):
        if count == _MAX_OBJECTS or _is_drawn(found):
            return None
        if found.type == raw.FPDF_PAGEOBJ_IMAGE:
            width, height = _extent(found)
            covered += width * height
            if width * height > _PART_COVERS * area:
                columns, rows = found.get_px_size()
                best = max(best, columns / width * _POINTS, rows / height * _POINTS)
    if covered < _SCAN_COVERS * area or not best:
        return None
    return min(max(best, _MIN_SCAN_DPI), _MAX_SCAN_DPI)


def _large_images(page: Any, size: Size, dpi: float) -> tuple[Box, ...]:
    """Images that cover a good part of the page, in pixels of a view of ``size``."""
    if not _has_images(page):
        return ()
    scale = _scale(dpi)
    boxes = []
    for count, found in enumerate(page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=1)):
        if count == _MAX_OBJECTS:
            break
        left, bottom, right, top = found.get_bounds()
        xs, ys = zip(_to_view(page, left, top, scale), _to_view(page, right, bottom, scale), strict=True)
        box = (max(0, min(xs)), max(0, min(ys)), min(size[0], max(xs)), min(size[1], max(ys)))
        if (box[2] - box[0]) * (box[3] - box[1]) >= _UNREAD_COVERS * size[0] * size[1]:
            boxes.append(box)
    return tuple(boxes)


def _has_images(page: Any) -> bool:
    """Whether a page shows an image outside of forms, found without a wrapper around each of its many objects."""
    return any(
        raw.FPDFPageObj_GetType(raw.FPDFPage_GetObject(page.raw, index)) == raw.FPDF_PAGEOBJ_IMAGE
        for index in range(raw.FPDFPage_CountObjects(page.raw))
    )


def _unread(images: Sequence[Box], layout: PageLayout) -> tuple[Box, ...]:
    """The images that have fewer words on them than a page of text has."""
    if not images:
        return ()
    centers = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in (word.bbox for word in layout.iter_words())]
    return tuple(
        box for box in images if sum(box[0] <= x < box[2] and box[1] <= y < box[3] for x, y in centers) < _FEW_WORDS
    )


def _to_view(page: Any, x: float, y: float, scale: float) -> tuple[int, int]:
    """The pixel of the view in which a point of the page lies."""
    width, height = (round(side * scale) for side in page.get_size())
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page.raw, 0, 0, width, height, 0, x, y, across, down)
    return across.value, down.value


def _is_drawn(found: Any) -> bool:
    """Whether a page object is visible content that does not come from a scanner."""
    if found.type == raw.FPDF_PAGEOBJ_TEXT:
        return bool(raw.FPDFTextObj_GetTextRenderMode(found) != _INVISIBLE)
    return found.type in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING)


def _extent(image: Any) -> tuple[float, float]:
    """Width and height of an image on its page, points."""
    matrix = image.get_matrix()
    container = image.container
    while container is not None:
        matrix = matrix.multiply(container.get_matrix())
        container = container.container
    return math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)
