"""A server whose model answers what it is sent, or raises what nobody foresaw: ``python -m tests.protocol.faulty``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve import InferRequest, InferResponse
from kserve.model_server import args

from protocol import names, tensors
from protocol.bodies import Bodies
from protocol.model import OcrModel, response
from protocol.server import OcrServer
from protocol.settings import Settings


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
        (element,) = tensors.elements(payload.inputs[0])
        if bytes(element) == b"raise":
            raise RuntimeError("a secret of the page")
        return response(payload, {names.TEXT: ("BYTES", [bytes(element).decode()])})

    async def postprocess(self, result: InferResponse, headers: Mapping[str, str] | None = None) -> InferResponse:
        return result


if __name__ == "__main__":
    OcrServer(Settings.from_environment(), Bodies(limit=1 << 20, total=1 << 24)).start([FaultyModel(args.model_name)])
