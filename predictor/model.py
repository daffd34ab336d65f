"""The predictor as a KServe model: V2 requests in, recognition results out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve import InferRequest, InferResponse

from kserve_ocr.observability import metrics as shared
from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.v2_response import output_types
from kserve_ocr.serving.model import OcrModel
from kserve_ocr.tasks import gather_or_cancel
from kserve_ocr.workers.cpus import granted_cpus
from predictor import metrics, predict_request
from predictor.engines.base import Reading
from predictor.page_reader import PageReader
from predictor.predict_request import PageJob, ReadRequest
from predictor.settings import PredictorSettings


class PredictorModel(OcrModel):
    """Reads pages on the workers of a :class:`PageReader`."""

    def __init__(self, name: str, settings: PredictorSettings) -> None:
        super().__init__(name)
        self._settings = settings
        self._defaults = RecognitionOptions(lang=settings.default_lang)
        self._reader = PageReader(settings, observer=metrics.pool(settings.workers or granted_cpus()))

    async def open(self) -> None:
        await self._reader.start()

    async def close(self) -> None:
        await self._reader.stop(grace=0)

    async def healthy(self) -> bool:
        """Ready while there are warm workers; the pool brings back those that died."""
        return bool(self.ready) and self._reader.ready

    async def preprocess(self, payload: InferRequest, headers: Mapping[str, str] | None = None) -> ReadRequest:
        return predict_request.parse(payload, defaults=self._defaults, max_pixels=self._settings.max_pixels)

    async def predict(
        self, payload: ReadRequest, headers: Mapping[str, str] | None = None
    ) -> tuple[ReadRequest, list[Reading]]:
        alone = len(payload.jobs) == 1
        shared.note_pages(len(payload.jobs))
        read = [self._read(job, layout=payload.wants_layout, alone=alone) for job in payload.jobs]
        return payload, await gather_or_cancel(read)

    async def _read(self, job: PageJob, *, layout: bool, alone: bool) -> Reading:
        try:
            if isinstance(job.image, bytes | memoryview):
                reading = await self._reader.read_file(job.image, job.options, layout=layout, seconds=job.seconds)
            else:
                reading = await self._reader.read(job.image, job.options, layout=layout, seconds=job.seconds)
        except OcrError as error:
            if alone:
                raise
            raise error.within(job.place) from error
        metrics.record_page(confidence=reading.confidence, characters=len(reading.text))
        return reading

    async def postprocess(
        self, result: tuple[ReadRequest, list[Reading]], headers: Mapping[str, str] | None = None
    ) -> InferResponse:
        request, readings = result
        return predict_request.answer(request, readings)

    def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": names.INPUT, "datatype": "UINT8", "shape": [-1, -1]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        return output_types(predict_request.OUTPUTS)

    async def describe(self) -> Mapping[str, Any]:
        return {
            "languages": self._reader.languages(),
            "default_lang": self._settings.default_lang,
            "engine": self._settings.engine,
            "arithmetic": self._reader.arithmetic,
            "workers": self._reader.size,
        }
