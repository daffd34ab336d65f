"""Clients that openapi-python-client generates from the servers' OpenAPI documents."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.drawn_pages import LINE, b64, draw_line, encode
from tools.local_stack import Server, Service

PNG = encode(draw_line())


class Generated:
    """A generated package, with a client of one server."""

    def __init__(self, name: str, server: Server) -> None:
        self._name = name
        self.client = self.module("client").Client(base_url=server.url, timeout=60)

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{self._name}.{name}")

    def model(self, name: str, /, **values: Any) -> Any:
        return getattr(self.module("models"), name)(**values)

    def call(self, operation: str, *arguments: str, **values: Any) -> Any:
        """The parsed response of an operation; of any status."""
        return self.module(f"api.{operation}").sync(*arguments, client=self.client, **values)


@contextmanager
def generated(server: Server, name: str, folder: Path) -> Iterator[Generated]:
    (folder / "settings.yaml").write_text("post_hooks: []")
    program = Path(sys.executable).parent / "openapi-python-client"
    (folder / "openapi.json").write_bytes(httpx.get(f"{server.url}/openapi.json", timeout=60).content)
    options = ("--path", "openapi.json", "--output-path", name, "--meta", "none", "--config", "settings.yaml")
    done = subprocess.run([program, "generate", *options], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    package = Generated(name, server)
    with package.client:
        yield package


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for packages that can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def gateway(service: Service, folder: Path) -> Iterator[Generated]:
    with generated(service.transformer, "generated_transformer", folder) as client:
        yield client


@pytest.fixture
def predictor(service: Service, folder: Path) -> Iterator[Generated]:
    with generated(service.predictor, "generated_predictor", folder) as client:
        yield client


def test_the_gateway(gateway: Generated) -> None:
    def file(content: bytes) -> Any:
        return gateway.module("types").File(payload=io.BytesIO(content), file_name="a.png", mime_type="image/png")

    bodies = [
        gateway.model("OcrForm", image_file=[file(PNG)], lang="en", psm=6),
        gateway.model("OcrJson", image=b64(PNG)),
        file(PNG),
    ]
    found = [gateway.call("gateway.ocr", body=body, outputs="text,confidence") for body in bodies]
    refused = gateway.call("gateway.ocr", body=file(b"no image"))

    for response in found:
        text, confidence = response.outputs
        assert text.data[0].strip() == LINE
        assert confidence.datatype == "FP32"
    assert type(refused).__name__ == "Error"
    assert refused.code == "unsupported_document"
    assert "eng" in [language.model for language in gateway.call("gateway.languages").languages]


def test_the_v2_and_v1_protocols(predictor: Generated) -> None:
    tensor = predictor.model("Tensor", name="input-0", shape=[1], datatype="BYTES", data=[b64(PNG)])

    inferred = predictor.call("inference.infer", "ocr-model", body=predictor.model("InferRequest", inputs=[tensor]))
    predicted = predictor.call(
        "inference.predict", "ocr-model", body=predictor.model("PredictRequest", instances=[b64(PNG)])
    )
    metadata = predictor.call("inference.model_metadata", "ocr-model")

    assert inferred.outputs[0].data[0].strip() == predicted.predictions[0].strip() == LINE
    assert [tensor.name for tensor in metadata.inputs] == ["input-0"]
    assert predictor.call("inference.model_metadata", "another").code == "model_not_found"
    assert predictor.module("api.state.get_v2_health_ready").sync_detailed(client=predictor.client).status_code == 200
