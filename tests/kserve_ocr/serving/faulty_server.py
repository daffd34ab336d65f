"""A server whose model returns its input or raises unexpected errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve import InferRequest, InferResponse
from kserve.model_server import args

from kserve_ocr.protocol import names, v2_request
from kserve_ocr.protocol.v2_response import Tensor, response
from kserve_ocr.serving.models.model import OcrModel
from kserve_ocr.serving.request_body import RequestBodyLimiter
from kserve_ocr.serving.server import OcrServer
from kserve_ocr.settings import Settings


class FaultyModel(OcrModel):
    """Echoes its one element."""

    async def open(self) -> None:
        """Nothing to bring up."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def describe(self) -> Mapping[str, Any]:
        return {}

    async def preprocess(self, payload: InferRequest, headers: Mapping[str, str] | None = None) -> InferRequest:
        return payload

    async def predict(self, payload: InferRequest, headers: Mapping[str, str] | None = None) -> InferResponse:
        (element,) = v2_request.elements(payload.inputs[0], limit=1)
        if bytes(element) == b"raise":
            raise RuntimeError("a secret of the page")
        return response(payload, {names.TEXT: Tensor("BYTES", [bytes(element).decode()])})

    async def postprocess(self, result: InferResponse, headers: Mapping[str, str] | None = None) -> InferResponse:
        return result


if __name__ == "__main__":
    OcrServer(Settings(), RequestBodyLimiter(limit=1 << 20, total=1 << 24)).start([FaultyModel(args.model_name)])
