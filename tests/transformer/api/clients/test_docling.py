"""Docling's own OCR engine on the real service, and the same tensors for any other client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.support.drawn_pages import PARAGRAPH, b64, draw_page, encode, v2_body
from tests.support.http_calls import INFER
from tools.local_stack import Server, Service, start_transformer

ALIAS = "rapidocr"


@pytest.fixture(scope="module")
def aliased(service: Service, logs: Path) -> Iterator[Server]:
    """A transformer whose model has further names."""
    settings = {"OCR_MODEL_ALIASES": f"ocr,{ALIAS}"}
    with start_transformer(service.predictor.port, logs=logs, settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def docling(aliased: Server, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What Docling's engine reads of a page and a blank one by every transport, and of the page by single words.

    In a process of its own: Triton's gRPC client and KServe's register the same messages.
    """
    folder = tmp_path_factory.mktemp("docling")
    draw_page().convert("RGB").save(folder / "page.png")
    Image.new("RGB", (300, 200), "white").save(folder / "blank.png")
    http = {"transport": "http", "url": aliased.url}
    grpc = {"transport": "grpc", "url": f"127.0.0.1:{aliased.grpc_port}"}
    calls: list[dict[str, Any]] = [
        {**transport, "use_binary_data": binary, "model_name": name, "file": str(folder / file)}
        for transport in (http, grpc)
        for binary, name in ((True, ALIAS), (False, "ocr-model"))
        for file in ("page.png", "blank.png")
    ]
    words = {"granularity": "word", "psm": 6}
    calls.append({**http, "file": str(folder / "page.png"), "lang": ["English"], "request_parameters": words})
    command = [sys.executable, "-m", "tests.support.clients.docling_ocr"]
    done = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_docling_s_engine_reads_by_every_transport(docling: list[dict[str, Any]]) -> None:
    found = docling[:-1]

    assert [read["errors"] for read in found] == [[]] * 8
    assert [read["texts"] for read in found] == [list(PARAGRAPH), []] * 4
    pages = found[::2]
    for page in pages:
        assert page["boxes"] == pages[0]["boxes"]
        assert all(0.5 < score <= 1 for score in page["scores"])
    tops = [box[1] for box in pages[0]["boxes"]]
    assert tops == sorted(tops)
    assert all(0 < x0 < x1 < 700 for x0, _, x1, _ in pages[0]["boxes"])  # 1400 pixels at 2 a point


def test_docling_s_parameters_and_versions(docling: list[dict[str, Any]]) -> None:
    assert docling[-1]["texts"] == " ".join(PARAGRAPH).split()


def infer(service: Server | Service, body: dict[str, Any]) -> dict[str, Any]:
    response = httpx.post(service.url + INFER, json=body, timeout=60)
    assert response.status_code == 200, response.text
    return {output["name"]: output for output in response.json()["outputs"]}


def test_any_document_gives_the_same_tensors(service: Service) -> None:
    names = ["boxes", "txts", "scores", "page_index"]
    found = infer(service, v2_body(encode(draw_page()), outputs=[{"name": name} for name in names]))

    assert found["txts"]["data"] == list(PARAGRAPH)
    assert found["boxes"]["shape"] == [3, 4, 2]
    assert len(found["boxes"]["data"]) == 24
    assert found["page_index"]["data"] == [0, 0, 0]


def test_pixels_without_a_language(service: Service) -> None:
    pixels = np.array(draw_page())
    image = {"name": "image", "shape": list(pixels.shape), "datatype": "UINT8", "data": pixels.ravel().tolist()}

    found = infer(service, {"inputs": [image]})

    assert found["output-0"]["data"][0].split() == " ".join(PARAGRAPH).split()


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([{"name": "image", "shape": [1, 4], "datatype": "UINT8", "data": [1, 2, 3]}], "needs 4 bytes"),
        ([{"name": "image", "shape": [4], "datatype": "UINT8", "data": [1, 2, 3, 4]}], "send an image as"),
        ([{"name": "image", "shape": [1, 1], "datatype": "FP32", "data": [1.0]}], "UINT8 [1, height, width, 3]"),
        ([{"name": "lang_type", "shape": [1, 1], "datatype": "BYTES", "data": ["en"]}], "has no documents"),
        (
            [
                {"name": "image", "shape": [1, 1], "datatype": "UINT8", "data": [255]},
                {"name": "lang_type", "shape": [1, 1], "datatype": "BYTES", "data": ["Klingon"]},
            ],
            "language 'Klingon' is not installed",
        ),
    ],
)
def test_bad_tensors_are_rejected(service: Service, tensors: list[dict[str, Any]], message: str) -> None:
    response = httpx.post(service.url + INFER, json={"inputs": tensors}, timeout=60)

    assert response.status_code == 400
    assert message in response.json()["error"]


@pytest.mark.parametrize("path", ["", "/ready"])
def test_an_alias_is_the_model(aliased: Server, path: str) -> None:
    assert httpx.get(f"{aliased.url}/v2/models/{ALIAS}{path}", timeout=30).status_code == 200
    assert httpx.get(f"{aliased.url}/v2/models/other{path}", timeout=30).status_code == 404


def test_the_response_carries_the_name_of_the_request(aliased: Server) -> None:
    body = v2_body(encode(draw_page()))

    assert httpx.post(f"{aliased.url}/v2/models/{ALIAS}/infer", json=body, timeout=60).json()["model_name"] == ALIAS
    v1 = httpx.post(
        f"{aliased.url}/v1/models/{ALIAS}:predict", json={"instances": [{"b64": b64(encode(draw_page()))}]}, timeout=60
    )
    assert v1.status_code == 200
