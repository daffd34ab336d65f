"""The predictor as a KServe model: V2 requests in, recognition results out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve import InferRequest, InferResponse

from kserve_ocr.observability import metrics as shared
from kserve_ocr.protocol import names, v2_request
from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.protocol.layout import RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.v2_response import output_types
from kserve_ocr.serving.models.model import OcrModel
from kserve_ocr.serving.parsing import parsed
from kserve_ocr.tasks import gather_or_cancel
from kserve_ocr.workers.cpus import granted_cpus
from predictor import metrics, predict_request
from predictor.page_reader import PageReader
from predictor.predict_request import PageRequest, PredictRequest
from predictor.settings import PredictorSettings


class PredictorModel(OcrModel):
    """Recognizes pages on the workers of a :class:`PageReader`."""

    def __init__(self, name: str, settings: PredictorSettings) -> None:
        super().__init__(name)
        self._settings = settings
        self._defaults = RecognitionOptions(lang=settings.default_lang)
        self._reader = PageReader(settings, observer=metrics.pool(settings.workers or granted_cpus()))

    async def open(self) -> None:
        await self._reader.start()
        metrics.publish_acceleration(lambda: self._reader.acceleration)

    async def close(self) -> None:
        await self._reader.stop(grace=0)

    async def healthy(self) -> bool:
        """Whether a page can be recognized now, or as soon as a worker is free."""
        return bool(self.ready) and self._reader.ready

    async def preprocess(self, payload: InferRequest, headers: Mapping[str, str] | None = None) -> PredictRequest:
        settings = self._settings
        return await parsed(
            lambda: predict_request.parse(
                payload, defaults=self._defaults, max_pixels=settings.max_pixels, max_pages=settings.max_pages
            ),
            size=v2_request.weight(payload),
        )

    async def predict(
        self, payload: PredictRequest, headers: Mapping[str, str] | None = None
    ) -> tuple[PredictRequest, list[RecognitionResult]]:
        single_page = len(payload.pages) == 1
        shared.note_pages(len(payload.pages))
        results = [
            self._recognize(page, layout=payload.wants_layout, single_page=single_page) for page in payload.pages
        ]
        return payload, await gather_or_cancel(results)

    async def _recognize(self, page: PageRequest, *, layout: bool, single_page: bool) -> RecognitionResult:
        try:
            if isinstance(page.image, bytes | memoryview):
                result = await self._reader.recognize_file(
                    page.image, page.options, layout=layout, seconds=page.seconds
                )
            else:
                result = await self._reader.recognize(page.image, page.options, layout=layout, seconds=page.seconds)
        except OcrError as error:
            if single_page:
                raise
            raise error.within(page.location) from error
        metrics.record_page(confidence=result.confidence, characters=len(result.text))
        return result

    async def postprocess(
        self, result: tuple[PredictRequest, list[RecognitionResult]], headers: Mapping[str, str] | None = None
    ) -> InferResponse:
        request, results = result
        return predict_request.encode_response(request, results)

    def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": names.INPUT, "datatype": "UINT8", "shape": [-1, -1]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        return output_types(predict_request.OUTPUTS)

    async def describe(self) -> Mapping[str, Any]:
        acceleration = self._reader.acceleration
        simd = acceleration.simd if acceleration else ""
        return {
            "languages": self._reader.languages(),
            "default_lang": self._settings.default_lang,
            "engine": self._settings.engine,
            "simd": simd,
            "arithmetic": simd,  # the name of 0.1, for one more release
            "workers": self._reader.size,
        }
