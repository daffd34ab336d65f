"""The transformer as a KServe model: documents in, pages to the predictor, assembled outputs back."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kserve import InferRequest, InferResponse

from protocol import journal, names
from protocol import metrics as shared
from protocol.concurrent import gather_or_cancel
from protocol.cpus import granted_cpus
from protocol.errors import InvalidParameterError, OcrError
from protocol.model import OcrModel, response
from transformer import metrics, outputs, requests
from transformer.documents import DocumentOptions, DocumentReader, PreparedPage
from transformer.flow import Admission, Budget
from transformer.outputs import ReadDocument, ReadPage
from transformer.predictor import PredictorClient
from transformer.requests import Document, OcrRequest
from transformer.settings import TransformerSettings

_METADATA_SECONDS = 5.0
_CACHED_SECONDS = 60.0


class TransformerModel(OcrModel):
    """Decodes, prepares and sends pages; assembles what the predictor read."""

    def __init__(self, name: str, settings: TransformerSettings, *, predictor_url: str) -> None:
        super().__init__(name)
        self._settings = settings
        self._predictor = PredictorClient(predictor_url, model_name=name)
        decoders = settings.decoders or granted_cpus()
        self._documents = DocumentReader(settings, observer=metrics.pool(decoders))
        self._admission = Admission(settings.max_requests)
        self._pixels = Budget(settings.pixels_in_flight)
        self._waking: asyncio.Task[None] | None = None
        self._known: tuple[float, dict[str, Any]] | None = None

    async def open(self) -> None:
        await self._predictor.open()
        if self._settings.wake_predictor:
            # Both components start from zero at once instead of one after the other. Readiness does not wait for
            # the answer: periodic probes would keep the predictor awake for ever.
            self._waking = asyncio.create_task(self._predictor.wake(seconds=self._settings.request_seconds))
        await self._documents.start()

    async def close(self) -> None:
        if self._waking is not None:
            self._waking.cancel()
        await self._documents.stop(grace=0)
        await self._predictor.close()

    async def preprocess(self, payload: InferRequest, headers: Mapping[str, str] | None = None) -> OcrRequest:
        return requests.parse(payload, self._settings)

    async def predict(
        self, payload: OcrRequest, headers: Mapping[str, str] | None = None
    ) -> tuple[OcrRequest, list[ReadDocument]]:
        with self._admission.enter():
            read = await _Reading(self, payload).documents()
        return payload, read

    async def postprocess(
        self, result: tuple[OcrRequest, list[ReadDocument]], headers: Mapping[str, str] | None = None
    ) -> InferResponse:
        request, documents = result
        with metrics.stage("format"):
            if request.wants_layout:  # formats of a long document would hold up the event loop
                values = await asyncio.to_thread(outputs.make, request.outputs, documents)
            else:
                values = outputs.make(request.outputs, documents)
        with metrics.stage("assemble"):
            return response(request.inference, values)

    def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": names.INPUT, "datatype": "BYTES", "shape": [-1]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "datatype": datatype, "shape": [-1]}
            for name, datatype in requests.OUTPUTS.items()
            if name != names.TEXT_ALIAS
        ]

    async def describe(self) -> Mapping[str, Any]:
        return {
            "languages": await self._languages(),
            "default_lang": self._settings.default_lang,
            "psm": list(range(14)),
            "preprocess": list(requests.AUTO_OR_NONE),
            "orient": list(requests.AUTO_OR_NONE),
            "max_bytes": self._settings.max_bytes,
            "max_documents": self._settings.max_documents,
            "max_pages": self._settings.max_pages,
        }

    async def _languages(self) -> list[str]:
        """What the predictor has installed; empty while it cannot say. Asks it once a minute at most."""
        now = time.monotonic()
        if self._known is None or now - self._known[0] > _CACHED_SECONDS:
            metadata = await self._predictor.metadata(seconds=_METADATA_SECONDS)
            if metadata is None:
                return []
            self._known = (now, metadata)
        return list(self._known[1].get("parameters", {}).get("languages", []))


class _Reading:
    """One request being read: its deadline, its places for pages, and its times by stage."""

    def __init__(self, model: TransformerModel, request: OcrRequest) -> None:
        settings = model._settings
        self._documents = model._documents
        self._predictor = model._predictor
        self._pixels = model._pixels
        self._request = request
        self._deadline = asyncio.get_running_loop().time() + settings.request_seconds
        self._places = asyncio.Semaphore(settings.request_pages_in_flight)
        self._allowance = model._documents.allowance()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    async def documents(self) -> list[ReadDocument]:
        """Every document of the request, in order. Raises the first error, saying which document it concerns."""
        found = await gather_or_cancel(
            [self._document(document, number) for number, document in enumerate(self._request.documents, 1)]
        )
        pages = sum(len(document.pages) for document in found)
        shared.note_pages(pages)
        milliseconds = {f"{stage}_ms": round(seconds * 1000, 1) for stage, seconds in self._seconds.items()}
        journal.note(documents=len(found), pages=pages, **milliseconds)
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
            selection=document.selection,
            dpi=document.reading.dpi,
            keep_original=names.PDF in self._request.outputs,
        )
        tasks: list[asyncio.Task[ReadPage]] = []
        pages = self._documents.pages(document.data, options, allowance=self._allowance, deadline=self._deadline)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._places.acquire()
                    page = await anext(pages, None)
                    if page is None:
                        self._places.release()
                        break
                    tasks.append(group.create_task(self._page(page, document)))
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        finally:
            await pages.aclose()
        return [task.result() for task in tasks]

    async def _page(self, page: PreparedPage, document: Document) -> ReadPage:
        try:
            self._note(page)
            async with self._pixels.share(page.pixels.size):
                with metrics.stage("transfer"):
                    started = time.perf_counter()
                    reading = await self._predictor.read(
                        page.pixels,
                        replace(document.reading, dpi=page.dpi),
                        wants_layout=self._request.wants_layout,
                        deadline=self._deadline,
                    )
                    self._seconds["predictor"] += time.perf_counter() - started
        except InvalidParameterError:
            raise  # the same for every page
        except OcrError as error:
            raise error.within(f"page {page.number}") from error
        finally:
            self._places.release()
        metrics.record_page(confidence=reading.confidence, characters=len(reading.text))
        return ReadPage(
            number=page.number,
            text=reading.text,
            confidence=reading.confidence,
            layout=page.geometry.to_original(reading.layout) if reading.layout else None,
            image=page.original,
            dpi=page.original_dpi,
        )

    def _note(self, page: PreparedPage) -> None:
        for stage, seconds in (("decode", page.decode_seconds), ("preprocess", page.preprocess_seconds)):
            shared.observe_stage(stage, seconds)
            self._seconds[stage] += seconds
        metrics.record_prepared(width=page.width, height=page.height, steps=page.steps)


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report of several: ours before anything else, else the first."""
    return next((error for error in failures.exceptions if isinstance(error, OcrError)), failures.exceptions[0])
