"""Makes the searchable PDF of a document in a decoding process."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from kserve_ocr.protocol.errors import TooManyBytesError
from transformer.decoding.image_file import ImageDocument
from transformer.decoding.page import Page
from transformer.decoding.pdf.pdf_file import PdfDocument
from transformer.decoding.pixels import Pixels
from transformer.formats.pdf import searchable
from transformer.formats.pdf.archival.obstacles import PARTS, Part, is_archivable
from transformer.formats.pdf.archival.pdfa import to_pdfa
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.images import encoding, file_bytes
from transformer.formats.pdf.images.encoding import PageImage
from transformer.formats.pdf.searchable import ImagePage
from transformer.formats.pdf.tagging.elements import Element, elements_of
from transformer.pipeline.decode_job import FinishedPdf, PageText, PdfJob
from transformer.preprocess.prepare import prepare
from transformer.preprocess.steps import GEOMETRIC_STEPS


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
        layers = [PageLayer(page.number, page.layout, page.rotate, page.skew, _elements(page)) for page in job.pages]
        pictures = _pictures(data, job)
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


def _elements(page: PageText) -> tuple[Element, ...]:
    """The structure of a page as tags."""
    return elements_of(page.layout, page.structure) if page.structure else ()


def _changes(job: PdfJob) -> searchable.PdfChanges:
    options = job.options
    return searchable.PdfChanges(
        lang=options.lang,
        only_pages=options.only_pages,
        strip_layers=options.existing in ("redo", "strip"),
        keep_signatures=options.keep_signatures,
        tagged=options.tagged,
        password=options.password,
        optimize=options.optimize,
        image_pixels=job.page_pixels,
    )


def _pictures(data: bytes, job: PdfJob) -> Iterator[tuple[int, PageImage]]:
    """The pages that are redrawn, as they were read or prepared."""
    redrawn = [page for page in job.pages if page.clean or job.options.existing == "force"]
    if not redrawn:
        return
    document = PdfDocument(io.BytesIO(data), page_pixels=job.page_pixels, password=job.options.password)
    try:
        for page in redrawn:
            decoded = document.decode(page.number, page_pixels=job.page_pixels)
            yield page.number, encoding.from_rendering(_shown(decoded, page, job))
    finally:
        document.close()


def _shown(decoded: Page, page: PageText, job: PdfJob) -> Pixels:
    """The pixels that a page is redrawn with: prepared, but where they were, so that links and text still fit."""
    if not page.clean:
        return decoded.pixels
    return prepare(decoded.pixels, dpi=decoded.dpi, without=GEOMETRIC_STEPS | job.options.skip_steps).pixels


def _image_pages(data: bytes, job: PdfJob) -> Iterator[ImagePage]:
    document = ImageDocument(io.BytesIO(data), job.kind, page_pixels=job.page_pixels)
    part = _part(job)
    try:
        for page in job.pages:
            header = document.header(page.number)
            image = None
            if not page.clean:
                image = file_bytes.from_file(
                    data,
                    job.kind,
                    frame=header.frame,
                    orientation=header.orientation,
                    strips_above=job.page_pixels,
                )
            if image is None or (part and not is_archivable(image, part)):
                decoded = document.decode(page.number, page_pixels=job.page_pixels)
                image = encoding.from_pixels(_shown(decoded, page, job))
            dpi = (job.options.dpi, job.options.dpi) if job.options.dpi else header.resolution
            yield ImagePage(image, page.layout, dpi, page.rotate, page.skew, _elements(page))
    finally:
        document.close()
