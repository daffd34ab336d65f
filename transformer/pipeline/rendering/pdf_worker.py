"""Makes the searchable PDF of a document in a decoding process."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from kserve_ocr.protocol.errors import TooManyBytesError
from transformer.decoding.image_file import ImageDocument
from transformer.decoding.pdf.pdf_file import PdfDocument
from transformer.formats.pdf import searchable
from transformer.formats.pdf.archival.obstacles import PARTS, Part, is_archivable
from transformer.formats.pdf.archival.pdfa import to_pdfa
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.images import encoding, file_bytes
from transformer.formats.pdf.images.encoding import PageImage
from transformer.formats.pdf.searchable import ImagePage
from transformer.pipeline.decode_job import FinishedPdf, PdfJob


def make_pdf(job: PdfJob, data: bytes) -> FinishedPdf:
    """The PDF that a job describes, of the document with these bytes.

    Raises an OcrError for whatever is wrong with the document.
    """
    try:
        return _make(job, data)
    except MemoryError:
        raise TooManyBytesError(
            "the searchable PDF needs more memory than one document may have; send fewer pages at once, "
            "or ask for other outputs than pdf"
        ) from None


def _make(job: PdfJob, data: bytes) -> FinishedPdf:
    if job.kind == "pdf":
        layers = [PageLayer(page.number, page.layout, page.rotate, page.skew) for page in job.pages]
        pictures = _pictures(data, job) if job.options.existing == "force" else ()
        made = searchable.from_pdf(data, layers, _changes(job), pictures=pictures)
    else:
        made = searchable.from_images(
            _image_pages(data, job), lang=job.options.lang, optimize=job.options.optimize, image_pixels=job.page_pixels
        )
    finished, warnings = made.data, made.warnings
    if part := _part(job):
        finished, more = to_pdfa(finished, part, redrawn=job.options.existing == "force")
        warnings += more
    return FinishedPdf(np.frombuffer(finished, np.uint8), warnings)


def _part(job: PdfJob) -> Part | None:
    """The part of PDF/A that was asked for."""
    return next((part for part in PARTS if job.options.pdfa == f"{part}b"), None)


def _changes(job: PdfJob) -> searchable.PdfChanges:
    options = job.options
    return searchable.PdfChanges(
        lang=options.lang,
        only_pages=options.only_pages,
        strip_layers=options.existing in ("redo", "strip"),
        keep_signatures=options.keep_signatures,
        password=options.password,
        optimize=options.optimize,
        image_pixels=job.page_pixels,
    )


def _pictures(data: bytes, job: PdfJob) -> Iterator[tuple[int, PageImage]]:
    """Each page that was read, drawn as it was read."""
    document = PdfDocument(io.BytesIO(data), page_pixels=job.page_pixels, password=job.options.password)
    try:
        for page in job.pages:
            pixels = document.decode(page.number, page_pixels=job.page_pixels).pixels
            yield page.number, encoding.from_rendering(pixels)
    finally:
        document.close()


def _image_pages(data: bytes, job: PdfJob) -> Iterator[ImagePage]:
    document = ImageDocument(io.BytesIO(data), job.kind, page_pixels=job.page_pixels)
    part = _part(job)
    try:
        for page in job.pages:
            header = document.header(page.number)
            image = file_bytes.from_file(data, job.kind, frame=header.frame, orientation=header.orientation)
            if image is None or (part and not is_archivable(image, part)):
                image = encoding.from_pixels(document.decode(page.number, page_pixels=job.page_pixels).pixels)
            dpi = (job.options.dpi, job.options.dpi) if job.options.dpi else header.resolution
            yield ImagePage(image, page.layout, dpi, page.rotate, page.skew)
    finally:
        document.close()
