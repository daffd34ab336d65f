"""The transformer as a KServe model: decodes documents, sends pages to the predictor, renders outputs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from kserve import InferRequest, InferResponse
from msgspec.structs import asdict

from kserve_ocr.protocol import names, v2_request
from kserve_ocr.protocol.errors import InvalidParameterError, StartingError
from kserve_ocr.protocol.language.languages import describe
from kserve_ocr.protocol.parameters import PSM, schemas
from kserve_ocr.protocol.v2_response import output_types, response
from kserve_ocr.serving.models.model import OcrModel
from kserve_ocr.serving.parsing import ON_THE_LOOP, parsed
from kserve_ocr.tasks import release_frames
from kserve_ocr.workers.cpus import granted_cpus
from transformer import metrics
from transformer.parameters import DOCUMENT_PARAMETERS, ORIENT, PREPROCESS
from transformer.pipeline import ocr_request
from transformer.pipeline.admission import Admission, DecodingSlots, InFlightLimiter
from transformer.pipeline.decode_pool import SPARE, DecodePool
from transformer.pipeline.ocr_request import OcrRequest
from transformer.pipeline.page_events import PageEvent, pages_in_order
from transformer.pipeline.pages.page_recognizer import PageRecognizer
from transformer.pipeline.predictor_client import PredictorClient
from transformer.pipeline.rendering import outputs
from transformer.pipeline.rendering.format_executor import FormatExecutor
from transformer.pipeline.request_pipeline import PipelineContext, RequestPipeline
from transformer.pipeline.results import DocumentResult
from transformer.settings import TransformerSettings
from transformer.structure.order.page_order import ORDERS

_METADATA_SECONDS = 5.0
_CACHED_SECONDS = 60.0
_READ_NO_TEXT = frozenset({"osd", "equ"})
_PAGES_PER_CPU, _LEAST_PAGES = 2, 4
"""Default: for each predictor worker one page being recognized and one waiting."""


class TransformerModel(OcrModel):
    """Decodes, preprocesses and sends pages; renders the results."""

    def __init__(self, name: str, settings: TransformerSettings, *, predictor_url: str) -> None:
        super().__init__(name)
        self._settings = settings
        self._predictor = PredictorClient(predictor_url, model_name=name)
        decoders = settings.decode_workers or granted_cpus()
        pages = settings.pages_in_flight or max(_LEAST_PAGES, _PAGES_PER_CPU * granted_cpus())
        self._documents = DecodePool(settings, observer=metrics.pool(decoders + SPARE))
        self._formats = FormatExecutor()
        self._admission = Admission(settings.max_requests)
        self._context = PipelineContext(
            settings=settings,
            documents=self._documents,
            predictor=self._predictor,
            recognizer=PageRecognizer(self._predictor),
            installed_models=self._installed,
            in_flight=InFlightLimiter(pages=pages, pixels=settings.pixels_in_flight),
            decoding=DecodingSlots(2 * decoders),
        )
        self._known: tuple[float, dict[str, Any]] | None = None

    async def open(self) -> None:
        await self._documents.start()
        self._predictor.open()  # not before: on one CPU it would hold up the start of the workers

    async def close(self) -> None:
        self._formats.stop()
        await self._documents.stop(grace=0)
        await self._predictor.close()

    async def preprocess(self, payload: InferRequest, headers: Mapping[str, str] | None = None) -> OcrRequest:
        size = v2_request.weight(payload)
        if any(tensor.datatype == "UINT8" for tensor in payload.inputs):  # pixels are copied
            size = max(size, ON_THE_LOOP + 1)
        return await parsed(lambda: ocr_request.parse(payload, self._settings), size=size)

    async def predict(
        self, payload: OcrRequest, headers: Mapping[str, str] | None = None
    ) -> tuple[OcrRequest, list[DocumentResult], float]:
        pipeline = RequestPipeline(self._context, payload)
        return payload, await self._documents_of(pipeline), pipeline.deadline

    async def recognize_pages(self, request: OcrRequest, on_page: Callable[[PageEvent], None]) -> int:
        """Recognize a request and report its pages one by one; the number of its pages."""
        documents = await self._documents_of(RequestPipeline(self._context, request, on_page=on_page))
        return sum(len(document.pages) for document in documents)

    async def stream(
        self, inference: InferRequest, *, headers: Mapping[str, str]
    ) -> AsyncGenerator[InferResponse, None]:
        """A response a page, in page order, with the numbers of document and page as parameters.

        Raises InvalidParameterError for an output that is made of whole documents.
        """
        request = await self.preprocess(inference, headers)
        if names.PDF in request.outputs:
            raise InvalidParameterError("a stream is answered page by page, and pdf is one file; ask without streaming")
        async with aclosing(pages_in_order(partial(self.recognize_pages, request))) as pages:
            async for number, page in pages:
                document = DocumentResult(request.documents[number - 1], (page,))
                values = await asyncio.to_thread(outputs.make, request.outputs, [document])
                about = {**outputs.parameters([document]), "document": str(number), "page": str(page.number)}
                yield response(request.inference, values, parameters=about)

    async def _documents_of(self, pipeline: RequestPipeline) -> list[DocumentResult]:
        with self._admission.enter():
            try:
                return await pipeline.documents()
            except BaseException as error:
                release_frames(error)
                raise

    async def postprocess(
        self, result: tuple[OcrRequest, list[DocumentResult], float], headers: Mapping[str, str] | None = None
    ) -> InferResponse:
        request, documents, deadline = result
        with metrics.stage("format"):
            if request.wants_layout:  # formats of a long document would hold up the event loop
                values = await self._formats.make(request.outputs, documents, deadline=deadline)
            else:
                values = outputs.make(request.outputs, documents)
        with metrics.stage("merge"):
            return response(request.inference, values, parameters=outputs.parameters(documents))

    def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": names.INPUT, "datatype": "BYTES", "shape": [-1]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        return output_types(ocr_request.OUTPUTS)

    async def describe(self) -> Mapping[str, Any]:
        return {
            "languages": await self._installed(),
            "default_lang": self._settings.default_lang,
            "psm": list(range(PSM.low, PSM.high + 1)),
            "preprocess": list(PREPROCESS.choices),
            "orient": list(ORIENT.choices),
            "order": list(ORDERS),
            "parameters": schemas(DOCUMENT_PARAMETERS),
            "max_bytes": self._settings.max_bytes,
            "max_documents": self._settings.max_documents,
            "max_pages": self._settings.max_pages,
        }

    @property
    def default_lang(self) -> str:
        """Models that are read when a request names none, joined by ``+``."""
        return self._settings.default_lang

    async def languages(self) -> list[dict[str, Any]]:
        """Installed models that read text, with their names and codes.

        Raises StartingError while the predictor cannot say.
        """
        installed = await self._installed()
        if not installed:
            raise StartingError("the predictor does not list its languages yet; try again in a moment", retry_after=2)
        return [asdict(one) for one in describe(model for model in installed if model not in _READ_NO_TEXT)]

    async def _installed(self) -> list[str]:
        """What the predictor has installed; empty while it cannot say. Asks it once a minute at most."""
        now = time.monotonic()
        if self._known is None or now - self._known[0] > _CACHED_SECONDS:
            metadata = await self._predictor.metadata(seconds=_METADATA_SECONDS)
            if metadata is None:
                return []
            self._known = (now, metadata)
        return list(self._known[1].get("parameters", {}).get("languages", []))
