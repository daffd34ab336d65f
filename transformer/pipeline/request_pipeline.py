"""The pipeline of one request: decode, preprocess, recognize and assemble pages, concurrently and in order."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from kserve_ocr.observability import access_log
from kserve_ocr.observability import metrics as common_metrics
from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError, OcrError
from kserve_ocr.protocol.language.languages import is_latin
from kserve_ocr.protocol.layout import PageLayout, mean_confidence
from kserve_ocr.tasks import gather_or_cancel
from transformer import metrics
from transformer.formats.common import language_tag
from transformer.language.scripts import AUTO, ENGLISH
from transformer.pipeline.admission import InFlightLimiter
from transformer.pipeline.decode_job import FinishedPdf, PageText, PdfOptions
from transformer.pipeline.decode_pool import DecodeOptions, DecodePool, DocumentPage
from transformer.pipeline.ocr_request import Document, OcrRequest
from transformer.pipeline.page_events import PageEvent
from transformer.pipeline.pages import auto_language, osd, upright
from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.pages.page_recognizer import PageOptions, PageRecognizer, RecognizedPage
from transformer.pipeline.predictor_client import PredictorClient
from transformer.pipeline.results import DocumentResult, PageResult, Source
from transformer.settings import TransformerSettings
from transformer.structure.content.page_structure import analyze
from transformer.structure.separators import Separators
from transformer.structure.text import page_text

ORIENTATION_ONLY: Final = 0
"""The page segmentation mode that reports orientation and script instead of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineContext:
    """Objects shared by all requests."""

    settings: TransformerSettings
    documents: DecodePool
    predictor: PredictorClient
    recognizer: PageRecognizer
    installed_models: Callable[[], Awaitable[list[str]]]
    """Names of the models that the predictor has installed; empty while it cannot be asked."""
    in_flight: InFlightLimiter
    """Limits pages that are decoded and have no result yet."""
    decoding: asyncio.Semaphore
    """Pages that are being decoded, or decoded and not yet in flight."""


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
            skip_steps=document.skip_steps,
            latin=AUTO not in document.reading.languages and is_latin(document.reading.languages),
            separators=document.order != "engine" or self._request.wants_structure,
            selection=document.selection,
            dpi=document.reading.dpi,
            existing=document.existing,
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
            password=document.password,
        )
        texts = [_page_text(page, adds_text=document.existing != "strip") for page in pages]
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
            async with self._context.decoding:
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
        began = time.perf_counter()
        if page.embedded is not None and not page.pixels.size:
            self._note(page)
            return await self._with_structure(_embedded(page, page.embedded))
        try:
            options = PageOptions(
                engine=document.reading,
                order=document.order,
                second_look=document.order == "auto" and self._context.settings.second_look == "auto",
                wants_layout=self._request.wants_layout or page.embedded is not None,
                wants_structure=self._request.wants_structure,
            )
            page, reading, language = await self._recognize(page, document, options)
            self._note(page)
        except InvalidParameterError:
            raise  # the same for every page
        except OcrError as error:
            raise error.within(f"page {page.number}") from error
        self._seconds["predictor"] += time.perf_counter() - began
        metrics.record_page(confidence=reading.confidence, characters=len(reading.text))
        recognized = None
        if reading.layout and (self._request.wants_layout or page.embedded is not None):
            recognized = page.geometry.to_original(reading.layout)
        found = PageResult(
            number=page.number,
            text=reading.text,
            confidence=reading.confidence,
            layout=recognized,
            dpi=page.original_dpi,
            structure=reading.structure,
            recognized=recognized,
            preparation=page.steps,
            rotation=page.geometry.rotation,
            skew=page.geometry.skew,
            label=page.label,
            language=language,
        )
        if page.embedded is None:
            return found
        return await self._with_structure(_mixed(found, page.embedded))

    async def _with_structure(self, page: PageResult) -> PageResult:
        """The page with the structure of its layout, if that is wanted."""
        if not self._request.wants_structure or page.layout is None:
            return page
        return replace(page, structure=await asyncio.to_thread(analyze, page.layout, Separators()))

    async def _recognize(
        self, page: DocumentPage, document: Document, options: PageOptions
    ) -> tuple[DocumentPage, RecognizedPage, LanguageChoice | None]:
        """The page the right way up, what was recognized on it, and its language if that was to be found."""
        detects_language = AUTO in document.reading.languages
        report = await self._osd_report(page) if page.orientation_uncertain or detects_language else ""
        turns = osd.quarter_turns(report) if document.orient else 0
        upright_page = await asyncio.to_thread(osd.turned, page, turns) if turns else page

        # Not a closure: its function would keep the page for as long as a traceback keeps the frame.
        read = partial(self._recognize_with, upright_page, document, options)
        if not detects_language:
            return *await read(document.reading.lang), None
        installed = await self._context.installed_models() or [ENGLISH]
        reading, language = await auto_language.recognize(read, script=osd.script(report), installed=installed)
        return *reading, language

    async def _recognize_with(
        self, page: DocumentPage, document: Document, options: PageOptions, model: str
    ) -> tuple[DocumentPage, RecognizedPage]:
        engine = replace(options.engine, lang=model)
        return await self._recognize_upright(page, document, replace(options, engine=engine))

    async def _osd_report(self, page: DocumentPage) -> str:
        """OSD's report of a page; empty if it is not installed."""
        try:
            report = await self._context.predictor.read(
                page.pixels, osd.DETECTION, wants_layout=False, deadline=self._deadline
            )
        except InvalidParameterError:  # its osd model is not installed
            return ""
        return report.text

    async def _recognize_upright(
        self, page: DocumentPage, document: Document, options: PageOptions
    ) -> tuple[DocumentPage, RecognizedPage]:
        reading = await self._context.recognizer.recognize(page, options, deadline=self._deadline)
        orient = document.preprocess and document.orient and page.embedded is None
        if orient and upright.is_doubtful(page, reading):
            return await self._upright(page, reading, options)
        return page, reading

    async def _upright(
        self, page: DocumentPage, reading: RecognizedPage, options: PageOptions
    ) -> tuple[DocumentPage, RecognizedPage]:
        """The page and its result rotated, if a part of it is recognized better so; else as they are."""
        part = upright.sample(page, reading.layout)
        for quarter_turns in upright.rotations(page):
            second = await self._context.predictor.read(
                upright.rotated_pixels(page, part, quarter_turns),
                replace(options.engine, dpi=page.dpi),
                wants_layout=True,
                deadline=self._deadline,
            )
            if upright.is_surer(second.layout, part):
                rotated = await asyncio.to_thread(osd.turned, page, quarter_turns)
                other = await self._context.recognizer.recognize(rotated, options, deadline=self._deadline)
                kept = upright.better(other, reading)
                metrics.record_second_look("orientation", kept=kept)
                return (rotated, other) if kept else (page, reading)
        metrics.record_second_look("orientation", kept=False)
        return page, reading

    def _note(self, page: DocumentPage) -> None:
        for stage, seconds in (("decode", page.decode_seconds), ("preprocess", page.preprocess_seconds)):
            common_metrics.observe_stage(stage, seconds)
            self._seconds[stage] += seconds
        metrics.record_prepared(width=page.width, height=page.height, steps=page.steps)


def _embedded(page: DocumentPage, layout: PageLayout) -> PageResult:
    """A page whose text is all its own."""
    return PageResult(
        number=page.number,
        text=page_text(layout),
        confidence=mean_confidence(layout.iter_words()),
        layout=layout,
        dpi=page.original_dpi,
        source="embedded",
        label=page.label,
    )


def _mixed(page: PageResult, embedded: PageLayout) -> PageResult:
    """A page that has text of its own beside what was recognized on it."""
    blocks = page.recognized.blocks if page.recognized else ()
    layout = replace(embedded, blocks=embedded.blocks + blocks)
    confidence = mean_confidence(layout.iter_words())
    source: Source = "mixed" if blocks else "embedded"
    return replace(page, text=page_text(layout), confidence=confidence, layout=layout, source=source)


def _page_text(page: PageResult, *, adds_text: bool) -> PageText:
    """What the searchable PDF gets on a page: nothing that it has already."""
    assert page.layout is not None, "a searchable PDF needs layouts"
    layout = page.recognized if adds_text and page.recognized else replace(page.layout, blocks=())
    return PageText(page.number, layout, page.rotation)


def _first_error(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report of several: the first OcrError, or else the first error."""
    return next((error for error in failures.exceptions if isinstance(error, OcrError)), failures.exceptions[0])
