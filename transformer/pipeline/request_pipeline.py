"""The pipeline of one request: decode, preprocess, recognize and assemble pages, concurrently and in order."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.observability import access_log
from kserve_ocr.observability import metrics as common_metrics
from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError, OcrError
from kserve_ocr.protocol.language.languages import is_latin
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.tasks import gather_or_cancel
from transformer import metrics
from transformer.formats.common import language_tag
from transformer.language.scripts import AUTO
from transformer.pipeline.admission import DecodingSlots, InFlightLimiter
from transformer.pipeline.decode_job import FinishedPdf, PdfOptions
from transformer.pipeline.decode_pool import DecodeOptions, DecodePool, DocumentPage
from transformer.pipeline.ocr_request import Document, OcrRequest
from transformer.pipeline.page_events import PageEvent
from transformer.pipeline.pages.page_reading import PageReading
from transformer.pipeline.pages.page_recognizer import PageOptions, PageRecognizer
from transformer.pipeline.predictor_client import PredictorClient
from transformer.pipeline.results import (
    DocumentResult,
    PageResult,
    embedded_page,
    in_form,
    mixed_page,
    recognized_page,
    region_page,
    text_to_add,
)
from transformer.settings import TransformerSettings
from transformer.structure.content.page_structure import analyze
from transformer.structure.separators import Separators

_INVERT: Final = "invert"
"""The step of preparation that makes light text dark."""
_MANY_LETTERS: Final = 40
"""Dark letters of a prepared page from which on its text is dark; of a few letters, the engine may try both."""
ORIENTATION_ONLY: Final = 0
"""The page segmentation mode that reports orientation and script instead of text."""


def engine_options(page: DocumentPage, document: Document) -> RecognitionOptions:
    """How the page is recognized, its resolution aside: as its document asks for, and without what preparation did."""
    dark_ink = document.preprocess and _INVERT not in document.skip_steps and len(page.letters) >= _MANY_LETTERS
    return replace(document.reading, dark_ink=dark_ink)


class PipelineContext(Struct, frozen=True, kw_only=True):
    """Objects shared by all requests."""

    settings: TransformerSettings
    documents: DecodePool
    predictor: PredictorClient
    recognizer: PageRecognizer
    installed_models: Callable[[], Awaitable[list[str]]]
    """Names of the models that the predictor has installed; empty while it cannot be asked."""
    in_flight: InFlightLimiter
    """Limits pages that are decoded and have no result yet."""
    decoding: DecodingSlots
    """Limits pages that are being decoded, or decoded and not yet in flight."""


class RequestPipeline:
    """One request with its deadline, its slots for pages in flight and its times by stage."""

    def __init__(
        self, context: PipelineContext, request: OcrRequest, *, on_page: Callable[[PageEvent], None] | None = None
    ) -> None:
        """``on_page`` is called with each page when it is recognized, and with the end of each document."""
        self._on_page = on_page
        self._context = context
        self._request = request
        self._deadline = asyncio.get_running_loop().time() + context.settings.request_seconds
        self._slots = asyncio.Semaphore(context.settings.request_pages_in_flight)
        self._allowance = context.documents.quota()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @property
    def deadline(self) -> float:
        """When the request ends, in the event loop's time."""
        return self._deadline

    async def documents(self) -> list[DocumentResult]:
        """The results of all documents, in order. Raises the first error, with the document in its message."""
        found = await gather_or_cancel(
            [self._document(document, number) for number, document in enumerate(self._request.documents, 1)]
        )
        pages = sum(len(document.pages) for document in found)
        common_metrics.note_pages(pages)
        milliseconds = {f"{stage}_ms": round(seconds * 1000, 1) for stage, seconds in self._seconds.items()}
        access_log.add_fields(documents=len(found), pages=pages, **milliseconds)
        return found

    async def _document(self, document: Document, number: int) -> DocumentResult:
        try:
            pages = tuple(await self._pages(document, number))
            if names.PDF not in self._request.outputs:
                return DocumentResult(document, pages)
            finished = await self._finish_pdf(document, pages)
            return DocumentResult(document, pages, finished.data.tobytes(), finished.warnings)
        except OcrError as error:
            if len(self._request.documents) == 1:
                raise
            raise error.within(f"document {number}") from error

    async def _pages(self, document: Document, number: int) -> list[PageResult]:
        """Recognize pages while later ones are decoded, at most as many at once as the request has slots."""
        options = DecodeOptions(
            preprocess=document.preprocess,
            # The engine's own report of orientation must state that of the page as it was sent.
            orient=document.orient and document.reading.psm != ORIENTATION_ONLY,
            # Regions may lie anywhere on the page as it was sent.
            skip_steps=document.skip_steps | ({"margins"} if document.regions else set()),
            latin=AUTO not in document.reading.languages and is_latin(document.reading.languages),
            separators=document.order != "engine" or self._request.wants_structure,
            selection=document.selection,
            dpi=document.reading.dpi,
            existing=document.existing,
            from_pixels=bool(document.regions),
            embedded_words=self._request.wants_text or self._on_page is not None or bool(document.regions),
            password=document.password,
        )
        tasks: list[asyncio.Task[PageResult]] = []
        decoded = self._context.documents.pages(document.data, options, quota=self._allowance, deadline=self._deadline)
        try:
            async with aclosing(decoded), asyncio.TaskGroup() as group:
                while page := await self._next(decoded):
                    if page.single_page:
                        return self._ended(number, [await self._single_page(page, document, number)])
                    task = group.create_task(self._report(self._page(page, document), number, len(tasks)))
                    task.add_done_callback(partial(self._release_slot, page.pixels.size))
                    tasks.append(task)
                    del page  # the task holds the page and releases it when it is recognized
        except BaseExceptionGroup as failures:
            raise _first_error(failures) from None
        return self._ended(number, [task.result() for task in tasks])

    async def _finish_pdf(self, document: Document, pages: Sequence[PageResult]) -> FinishedPdf:
        lang = next((page.language.model for page in pages if page.language), document.reading.lang)
        options = PdfOptions(
            lang=language_tag(lang.partition("+")[0]),
            dpi=document.reading.dpi,
            only_pages=document.selection is not None and not document.keep_pages,
            existing=document.existing,
            keep_signatures=document.keep_signatures,
            tagged=document.tagged,
            skip_steps=document.skip_steps,
            optimize=document.optimize,
            pdfa=document.pdfa,
            password=document.password,
        )
        texts = [
            text_to_add(
                page,
                adds_text=document.existing != "strip",
                straight=document.straight,
                clean=document.clean,
                tagged=document.tagged,
            )
            for page in pages
        ]
        began = time.perf_counter()
        with metrics.stage("format"):
            finished = await self._context.documents.searchable_pdf(
                document.data, texts, options, deadline=self._deadline
            )
        self._seconds["pdf"] += time.perf_counter() - began
        return finished

    async def _next(self, decoded: AsyncGenerator[DocumentPage, None]) -> DocumentPage | None:
        """The next page, once the request and the service have a slot for it; None after the last."""
        await self._slots.acquire()
        try:
            async with self._context.decoding.slot():
                page = await anext(decoded, None)
                if page is not None:
                    await self._context.in_flight.acquire(page.pixels.size)
                    return page
        except BaseException:
            self._slots.release()
            raise
        self._slots.release()
        return None

    def _release_slot(self, size: int, _: asyncio.Task[PageResult] | None = None) -> None:
        """Release the slots of a page that is finished or whose task was cancelled before it started."""
        self._context.in_flight.release(size)
        self._slots.release()

    async def _report(self, work: Coroutine[Any, Any, PageResult], document: int, index: int) -> PageResult:
        """The page's result, reported as soon as it is there."""
        result = await work
        if self._on_page:
            self._on_page(PageEvent(document, index, result))
        return result

    def _ended(self, document: int, pages: list[PageResult]) -> list[PageResult]:
        """The pages, after the document's end has been reported."""
        if self._on_page:
            self._on_page(PageEvent(document, len(pages), None))
        return pages

    async def _single_page(self, page: DocumentPage, document: Document, number: int) -> PageResult:
        """No task: most documents have one page, and a line of text is recognized in milliseconds."""
        try:
            return await self._report(self._page(page, document), number, 0)
        finally:
            self._release_slot(page.pixels.size)

    async def _page(self, page: DocumentPage, document: Document) -> PageResult:
        if page.embedded is not None and not page.pixels.size:
            self._note(page)
            return in_form(await self._with_structure(embedded_page(page, page.embedded)), document.text_form)
        began = time.perf_counter()
        try:
            page, reading, language = await self._reading(page, document).read(page)
        except InvalidParameterError:
            raise  # the same for every page
        except OcrError as error:
            raise error.within(f"page {page.number}") from error
        self._note(page)
        self._seconds["predictor"] += time.perf_counter() - began
        metrics.record_page(confidence=reading.confidence, characters=len(reading.text))
        found = recognized_page(page, reading, language, keeps_layout=self._keeps_layout(page, document))
        if page.embedded is not None and document.regions:
            found = region_page(found, page.embedded)
        elif page.embedded is not None:
            found = await self._with_structure(mixed_page(found, page.embedded))
        return in_form(found, document.text_form)

    def _keeps_layout(self, page: DocumentPage, document: Document) -> bool:
        return self._request.wants_layout or page.embedded is not None or not document.text_form.is_usual

    def _reading(self, page: DocumentPage, document: Document) -> PageReading:
        options = PageOptions(
            engine=engine_options(page, document),
            order=document.order,
            second_look=document.order == "auto" and self._context.settings.second_look == "auto",
            wants_layout=self._keeps_layout(page, document),
            min_confidence=document.min_confidence,
            wants_structure=self._request.wants_structure,
        )
        return PageReading(
            predictor=self._context.predictor,
            recognizer=self._context.recognizer,
            installed_models=self._context.installed_models,
            document=document,
            options=options,
            deadline=self._deadline,
        )

    async def _with_structure(self, page: PageResult) -> PageResult:
        """The page with the structure of its layout, if that is wanted."""
        if not self._request.wants_structure or page.layout is None:
            return page
        return replace(page, structure=await asyncio.to_thread(analyze, page.layout, Separators()))

    def _note(self, page: DocumentPage) -> None:
        for stage, seconds in (("decode", page.decode_seconds), ("preprocess", page.preprocess_seconds)):
            common_metrics.observe_stage(stage, seconds)
            self._seconds[stage] += seconds
        metrics.record_prepared(width=page.width, height=page.height, steps=page.steps)


def _first_error(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report of several: the first OcrError, or else the first error."""
    return next((error for error in failures.exceptions if isinstance(error, OcrError)), failures.exceptions[0])
