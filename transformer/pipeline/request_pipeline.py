"""One request being read: documents decoded page by page, pages read side by side, answers in order."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from kserve_ocr.observability import access_log
from kserve_ocr.observability import metrics as shared
from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError, OcrError
from kserve_ocr.tasks import gather_or_cancel
from transformer import metrics
from transformer.pipeline import osd
from transformer.pipeline.admission import Flight
from transformer.pipeline.decode_pool import DocumentOptions, DocumentReader, PreparedPage
from transformer.pipeline.ocr_request import Document, OcrRequest
from transformer.pipeline.page_recognizer import PageRecognizer, RecognitionOptions
from transformer.pipeline.predictor_client import PredictorClient
from transformer.pipeline.results import ReadDocument, ReadPage
from transformer.settings import TransformerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all requests share."""

    settings: TransformerSettings
    documents: DocumentReader
    predictor: PredictorClient
    recognizer: PageRecognizer
    flight: Flight
    """Pages that are decoded and not yet answered."""
    decoding: asyncio.Semaphore
    """Pages that are being decoded, or decoded and not yet in flight."""


class Reading:
    """A request with its deadline, its places for pages in flight, and its times by stage."""

    def __init__(self, means: Means, request: OcrRequest) -> None:
        self._means = means
        self._request = request
        self._deadline = asyncio.get_running_loop().time() + means.settings.request_seconds
        self._places = asyncio.Semaphore(means.settings.request_pages_in_flight)
        self._allowance = means.documents.allowance()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    async def documents(self) -> list[ReadDocument]:
        """Every document of the request, in order. Raises the first error, saying which document it concerns."""
        found = await gather_or_cancel(
            [self._document(document, number) for number, document in enumerate(self._request.documents, 1)]
        )
        pages = sum(len(document.pages) for document in found)
        shared.note_pages(pages)
        milliseconds = {f"{stage}_ms": round(seconds * 1000, 1) for stage, seconds in self._seconds.items()}
        access_log.note(documents=len(found), pages=pages, **milliseconds)
        return found

    async def _document(self, document: Document, number: int) -> ReadDocument:
        try:
            return ReadDocument(document, tuple(await self._pages(document)))
        except OcrError as error:
            if len(self._request.documents) == 1:
                raise
            raise error.within(f"document {number}") from error

    async def _pages(self, document: Document) -> list[ReadPage]:
        """Read pages while later ones are being decoded, never more at once than the request has places."""
        options = DocumentOptions(
            preprocess=document.preprocess,
            orient=document.orient,
            separators=document.order != "engine",
            selection=document.selection,
            dpi=document.reading.dpi,
            keep_original=names.PDF in self._request.outputs,
        )
        tasks: list[asyncio.Task[ReadPage]] = []
        decoded = self._means.documents.pages(
            document.data, options, allowance=self._allowance, deadline=self._deadline
        )
        try:
            async with aclosing(decoded), asyncio.TaskGroup() as group:
                while page := await self._next(decoded):
                    if page.alone:
                        return [await self._only_page(page, document)]
                    task = group.create_task(self._page(page, document))
                    task.add_done_callback(partial(self._leave, page.pixels.size))
                    tasks.append(task)
                    del page  # the task has it, and lets go of it as soon as it is read
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        return [task.result() for task in tasks]

    async def _next(self, decoded: AsyncGenerator[PreparedPage, None]) -> PreparedPage | None:
        """The next page, once there is a place for it here and among all pages in flight; None after the last."""
        await self._places.acquire()
        try:
            async with self._means.decoding:
                page = await anext(decoded, None)
                if page is not None:
                    await self._means.flight.enter(page.pixels.size)
                    return page
        except BaseException:
            self._places.release()
            raise
        self._places.release()
        return None

    def _leave(self, size: int, _: asyncio.Task[ReadPage] | None = None) -> None:
        """A page is done with, or its task was cancelled before it could begin."""
        self._means.flight.leave(size)
        self._places.release()

    async def _only_page(self, page: PreparedPage, document: Document) -> ReadPage:
        """Without a task: most documents have one page, and a line of text is read in milliseconds."""
        try:
            return await self._page(page, document)
        finally:
            self._leave(page.pixels.size)

    async def _page(self, page: PreparedPage, document: Document) -> ReadPage:
        began = time.perf_counter()
        try:
            if page.doubt:
                page = await self._upright(page)
            self._note(page)
            options = RecognitionOptions(
                engine=document.reading, order=document.order, wants_layout=self._request.wants_layout
            )
            reading = await self._means.recognizer.recognize(page, options, deadline=self._deadline)
        except InvalidParameterError:
            raise  # the same for every page
        except OcrError as error:
            raise error.within(f"page {page.number}") from error
        self._seconds["predictor"] += time.perf_counter() - began
        metrics.record_page(confidence=reading.confidence, characters=len(reading.text))
        return ReadPage(
            number=page.number,
            text=reading.text,
            confidence=reading.confidence,
            layout=page.geometry.to_original(reading.layout) if reading.layout and self._request.wants_layout else None,
            image=page.original,
            dpi=page.original_dpi,
        )

    async def _upright(self, page: PreparedPage) -> PreparedPage:
        """The page as Tesseract says that it lies; as it is where the predictor cannot say."""
        try:
            report = await self._means.predictor.read(
                page.pixels, osd.DETECTION, wants_layout=False, deadline=self._deadline
            )
        except InvalidParameterError:  # its osd model is not installed
            return page
        turns = osd.quarters(report.text)
        return await asyncio.to_thread(osd.turned, page, turns) if turns else page

    def _note(self, page: PreparedPage) -> None:
        for stage, seconds in (("decode", page.decode_seconds), ("preprocess", page.preprocess_seconds)):
            shared.observe_stage(stage, seconds)
            self._seconds[stage] += seconds
        metrics.record_prepared(width=page.width, height=page.height, steps=page.steps)


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report of several: ours before anything else, else the first."""
    return next((error for error in failures.exceptions if isinstance(error, OcrError)), failures.exceptions[0])
