"""The older model: KServe's server as it comes, one ``pytesseract.image_to_string`` a request."""

from __future__ import annotations

import argparse
import base64
import io
from typing import Any

import pytesseract
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer, model_server
from kserve.utils.utils import generate_uuid
from PIL import Image


class OcrModel(Model):
    """Reads base64 images with a Tesseract process each, and with as many OpenMP threads as Tesseract likes."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ready = True

    def predict(
        self, payload: InferRequest, headers: dict[str, str] | None = None, response_headers: Any = None
    ) -> InferResponse:
        texts = [self._read(document) for document in payload.inputs[0].data]
        output = InferOutput(name="output-0", shape=[len(texts)], datatype="BYTES", data=texts)
        return InferResponse(response_id=generate_uuid(), model_name=self.name, infer_outputs=[output])

    def _read(self, document: str) -> str:
        with Image.open(io.BytesIO(base64.b64decode(document))) as image:
            text: str = pytesseract.image_to_string(image)
            return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    arguments, _ = parser.parse_known_args()
    ModelServer().start([OcrModel(arguments.model_name)])
