"""Decode worker: decodes and preprocesses one page of a document per job."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeGuard

import cv2
import numpy as np
from msgspec.structs import replace

from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.protocol.layout import PageLayout
from transformer.decoding.image_file import ImageDocument
from transformer.decoding.limits import choose
from transformer.decoding.page import Document, Page, engine_dpi, no_memory
from transformer.decoding.sniff import FileType
from transformer.geometry import Geometry
from transformer.pipeline.decode_job import DecodeJob, DecodeReply, DecodeResult, DocumentPage, PdfJob
from transformer.preprocess.prepare import PreprocessedPage, prepare
from transformer.structure import rules
from transformer.structure.separators import Separators

if TYPE_CHECKING:
    from transformer.decoding.pdf.pdf_file import PdfDocument

STRETCH = "stretch"
"""Step that scales a fax to square pixels."""
_OPENCV_NO_MEMORY = -4
_MANY_SECONDS = 0.2
"""After which a job begins no further page."""
_PREPARED_SIDE = 16
"""Smallest side in pixels that is preprocessed; below it there is nothing to measure."""


def start() -> Callable[..., DecodeReply]:
    """Set up a decode worker and return the handler of its jobs."""
    cv2.setNumThreads(1)
    _silence_libraries()
    return Decoder()


def _silence_libraries() -> None:
    """Silence native stderr: libtiff prints a line per damaged row."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)


class Decoder:
    """Keeps the document of the last job open, so that its next page needs no second parsing."""

    def __init__(self) -> None:
        self._number = -1
        self._file: BinaryIO | None = None
        self._document: Document | None = None

    def __call__(self, job: DecodeJob | PdfJob, descriptor: int | None = None) -> DecodeReply:
        """Decode and prepare one page, or make a PDF. Raises an OcrError for whatever is wrong with the document.

        ``descriptor`` is that of the document's file, unless the document is in the job.
        """
        file = io.BytesIO(job.source or b"") if descriptor is None else os.fdopen(descriptor, "rb")
        if isinstance(job, DecodeJob):
            return DecodeReply(decoded=self._decode(job, file))
        from transformer.pipeline.rendering.pdf_worker import make_pdf  # noqa: PLC0415  # a rare module

        with file:
            return DecodeReply(pdf=make_pdf(job, file.read()))

    def _decode(self, job: DecodeJob, file: BinaryIO) -> DecodeResult:
        began = time.perf_counter()
        numbers: tuple[int, ...] = ()
        keep = False
        try:
            document = self._open(job, file)
            if job.number is None:
                numbers = choose(document.sizes(), job.selection, job.limits)
                first, *following = numbers
            else:
                first, following = job.number, [*job.following]
            pages = [_page(document, first, job, began=began, single=len(numbers) == 1)]
            for number in following[: job.most_pages - 1]:
                began_page = time.perf_counter()
                if pages[-1].pixels.size or began_page - began > _MANY_SECONDS:
                    break
                try:
                    pages.append(_page(document, number, job, began=began_page))
                except OcrError:
                    break  # a job of its own reports it, after the pages before it
            keep = len(numbers) != 1
        finally:
            if not keep:
                self._close()
        if len(numbers) == 1:
            pages = [replace(pages[0], single_page=True)]
        return DecodeResult(tuple(pages), numbers)

    def _open(self, job: DecodeJob, file: BinaryIO) -> Document:
        if self._document is not None and self._number == job.document:
            file.close()
        else:
            self._close()
            self._file = file
            self._document = open_document(
                self._file, job.kind, page_pixels=job.limits.page_pixels, password=job.options.password
            )
            self._number = job.document
        return self._document

    def _close(self) -> None:
        document, file = self._document, self._file
        self._document = self._file = None
        if document is not None:
            document.close()
        if file is not None:
            file.close()


def _page(document: Document, number: int, job: DecodeJob, *, began: float, single: bool = False) -> DocumentPage:
    """One page of a document, decoded and prepared; ``began`` is when work on it did.

    An image whose ``single`` page this is has been closed on return: Pillow's pixels are larger than the page's.
    """
    try:
        page, embedded = _read(document, number, job)
        label = document.label(number) if _is_pdf(document) else ""
        warning = ""
        if isinstance(document, ImageDocument):
            warning = document.warning
            if single:
                document.close()
        decoded = time.perf_counter()
        dpi = job.options.dpi if job.options.dpi and not _is_pdf(document) else page.dpi
        orient = job.options.orient and (embedded is None or job.options.from_pixels)
        ready = _prepare(page, dpi, job, orient=orient)
    except (MemoryError, cv2.error) as error:
        if isinstance(error, cv2.error) and error.code != _OPENCV_NO_MEMORY:
            raise
        raise no_memory(number) from None
    height, width = (embedded.height, embedded.width) if embedded else page.pixels.shape[:2]
    return DocumentPage(
        number=number,
        pixels=ready.pixels,
        geometry=ready.geometry if ready.pixels.size else Geometry.identity(width, height),
        width=width,
        height=height,
        steps=ready.steps,
        orientation_uncertain=ready.orientation_uncertain,
        letters=ready.letters,
        numbers=ready.numbers,
        separators=_separators(ready, job),
        dpi=engine_dpi(ready.dpi),
        original_dpi=page.resolution if page.resolution and dpi == page.dpi else (dpi, dpi) if dpi else None,
        embedded=embedded,
        label=label,
        decode_seconds=decoded - began,
        preprocess_seconds=time.perf_counter() - decoded,
        single_page=False,
        blank=ready.blank,
        warning=warning,
    )


def _read(document: Document, number: int, job: DecodeJob) -> tuple[Page, PageLayout | None]:
    """A page, with the text that it has of its own.

    Its pixels then show the rest, and are none if there is no rest; all of the page if it is read from pixels.
    """
    page_pixels = job.limits.page_pixels
    found = None
    if job.options.existing != "force" and _is_pdf(document):
        found = document.embedded(
            number,
            page_pixels=page_pixels,
            only_visible=job.options.existing == "redo",
            wants_layout=job.options.embedded_words,
        )
    if found is None:
        return document.decode(number, page_pixels=page_pixels), None
    if not found.unread_images and not job.options.from_pixels:
        return Page(np.empty((0, 0), np.uint8), found.dpi), found.layout
    page = document.decode(number, page_pixels=page_pixels)
    if page.pixels.shape[:2] != (found.layout.height, found.layout.width):
        return page, None
    if job.options.from_pixels:
        return page, found.layout
    rest = np.full_like(page.pixels, 255)
    for x0, y0, x1, y1 in found.unread_images:
        rest[y0:y1, x0:x1] = page.pixels[y0:y1, x0:x1]
    for x0, y0, x1, y1 in (word.bbox for word in found.layout.iter_words()):
        rest[y0:y1, x0:x1] = 255
    return replace(page, pixels=rest), found.layout


def _separators(page: PreprocessedPage, job: DecodeJob) -> Separators:
    wanted = job.options.separators and page.pixels.size
    return rules.find(page.pixels) if wanted else Separators()


def _prepare(page: Page, dpi: int | None, job: DecodeJob, *, orient: bool) -> PreprocessedPage:
    """Prepare a page, its pixels made square first, if it is to be prepared at all."""
    height, width = page.pixels.shape[:2]
    if not page.pixels.size:
        return PreprocessedPage(page.pixels, Geometry.identity(width, height), (), dpi, orientation_uncertain=False)
    if not job.options.preprocess or min(width, height) < _PREPARED_SIDE:
        return prepare(page.pixels, dpi=dpi, auto=False)
    across, down = page.stretch
    if across == down or width * height * across * down > job.limits.page_pixels:
        return prepare(page.pixels, dpi=dpi, orient=orient, latin=job.options.latin, without=job.options.skip_steps)
    size = (round(width * across), round(height * down))
    pixels = np.asarray(cv2.resize(page.pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    ready = prepare(pixels, dpi=dpi, orient=orient, latin=job.options.latin, without=job.options.skip_steps)
    geometry = Geometry.scaled((width, height), size).then(ready.geometry)
    return replace(ready, geometry=geometry, steps=(STRETCH, *ready.steps))


def open_document(file: BinaryIO, kind: FileType, *, page_pixels: int, password: str = "") -> Document:
    """A document of a detected file type. Raises DamagedDocumentError, EncryptedDocumentError or TooManyPixelsError."""
    if kind == "pdf":
        from transformer.decoding.pdf.pdf_file import PdfDocument  # noqa: PLC0415  # a rare module

        return PdfDocument(file, page_pixels=page_pixels, password=password)
    document = ImageDocument(file, kind, page_pixels=page_pixels)
    if kind in ("png", "tiff") and (drawn := _poster(document, file, kind, page_pixels=page_pixels)):
        document.close()
        return open_document(io.BytesIO(drawn), "pdf", page_pixels=page_pixels)
    return document


def _poster(document: ImageDocument, file: BinaryIO, kind: FileType, *, page_pixels: int) -> bytes | None:
    """A PDF of a black and white image that is larger than a page may be, to be read at a lower resolution."""
    width, height = next(document.sizes(), (0, 0))
    if width * height <= page_pixels:
        return None
    from transformer.formats.pdf.images.poster import as_pdf  # noqa: PLC0415  # a rare module

    header = document.header(1)
    file.seek(0)
    return as_pdf(file.read(), kind, orientation=header.orientation, dpi=header.resolution, pixels=page_pixels)


def _is_pdf(document: Document) -> TypeGuard[PdfDocument]:
    return not isinstance(document, ImageDocument)
