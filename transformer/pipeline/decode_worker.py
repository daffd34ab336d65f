"""Decode worker: decodes and preprocesses one page of a document per job."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from transformer.decoding.image_file import ImageDocument
from transformer.decoding.limits import choose
from transformer.decoding.page import Document, Page, no_memory
from transformer.decoding.pdf_file import PdfDocument
from transformer.decoding.sniff import FileType
from transformer.formats.pdf import page_image
from transformer.formats.pdf.page_image import PageImage
from transformer.geometry import Geometry
from transformer.pipeline.decode_job import DecodeJob, DecodeResult, DocumentPage
from transformer.preprocess.prepare import PreprocessedPage, prepare
from transformer.structure import separators

STRETCH = "stretch"
"""Step that scales a fax to square pixels."""
_OPENCV_NO_MEMORY = -4
_PREPARED_SIDE = 16
"""Smallest side in pixels that is preprocessed; below it there is nothing to measure."""


def start() -> Callable[[DecodeJob], DecodeResult]:
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

    def __call__(self, job: DecodeJob) -> DecodeResult:
        """Decode and preprocess one page. Raises an OcrError if the document is invalid."""
        began = time.perf_counter()
        number = job.number or 1
        numbers: tuple[int, ...] = ()
        keep = False
        try:
            document = self._open(job)
            if job.number is None:
                numbers = choose(document.sizes(), job.selection, job.limits)
                number = numbers[0]
            page = document.decode(number, page_pixels=job.limits.page_pixels)
            original = self._original(job, page) if job.options.keep_original else None
            decoded = time.perf_counter()
            dpi = job.options.dpi if job.options.dpi and job.kind != "pdf" else page.dpi
            ready = _prepare(page, dpi, job)
            keep = len(numbers) != 1
        except (MemoryError, cv2.error) as error:
            if isinstance(error, cv2.error) and error.code != _OPENCV_NO_MEMORY:
                raise
            raise no_memory(number) from None
        finally:
            if not keep:
                self._close()
        height, width = page.pixels.shape[:2]
        prepared = DocumentPage(
            number=number,
            pixels=ready.pixels,
            geometry=ready.geometry,
            width=width,
            height=height,
            steps=ready.steps,
            orientation_uncertain=ready.orientation_uncertain,
            letters=ready.letters,
            separators=separators.find(ready.pixels) if job.options.separators else separators.Separators(),
            dpi=ready.dpi,
            original_dpi=dpi,
            original=original,
            decode_seconds=decoded - began,
            preprocess_seconds=time.perf_counter() - decoded,
            single_page=len(numbers) == 1,
        )
        return DecodeResult(prepared, numbers)

    def _open(self, job: DecodeJob) -> Document:
        if self._document is None or self._number != job.document:
            self._close()
            self._file = _opened(job.source)
            self._document = open_document(self._file, job.kind, page_pixels=job.limits.page_pixels)
            self._number = job.document
        return self._document

    def _original(self, job: DecodeJob, page: Page) -> PageImage:
        untouched = None
        if job.kind == "jpeg":
            untouched = page_image.from_jpeg(_opened(job.source).read(), orientation=page.orientation)
        return untouched or page_image.from_pixels(page.pixels)

    def _close(self) -> None:
        document, file = self._document, self._file
        self._document = self._file = None
        if document is not None:
            document.close()
        if file is not None:
            file.close()


def _opened(source: str | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def _prepare(page: Page, dpi: int | None, job: DecodeJob) -> PreprocessedPage:
    """Preprocess a page if requested, with its pixels made square first."""
    height, width = page.pixels.shape[:2]
    if not job.options.preprocess or min(width, height) < _PREPARED_SIDE:
        return prepare(page.pixels, dpi=dpi, auto=False)
    across, down = page.stretch
    if across == down or width * height * across * down > job.limits.page_pixels:
        return prepare(page.pixels, dpi=dpi, orient=job.options.orient, latin=job.options.latin)
    size = (round(width * across), round(height * down))
    pixels = np.asarray(cv2.resize(page.pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    ready = prepare(pixels, dpi=dpi, orient=job.options.orient, latin=job.options.latin)
    geometry = Geometry.scaled((width, height), size).then(ready.geometry)
    return replace(ready, geometry=geometry, steps=(STRETCH, *ready.steps))


def open_document(file: BinaryIO, kind: FileType, *, page_pixels: int) -> Document:
    """A document of a detected file type. Raises DamagedDocumentError, EncryptedDocumentError or TooManyPixelsError."""
    if kind == "pdf":
        return PdfDocument(file, page_pixels=page_pixels)
    return ImageDocument(file, kind, page_pixels=page_pixels)
