"""Clients that nobody adapted, against the running servers."""

from __future__ import annotations

import base64
import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pypdf
import pytest
from PIL import Image

from tests.support.drawn_pages import LINE, draw_line, encode, v2_body
from tests.support.http_calls import (
    GATEWAY,
    INFER,
    TIMEOUT,
    curl,
    grpc_request,
    grpc_stub,
    grpc_text,
    run_client,
    save,
)
from tools.local_stack import Server, Service

Answers = dict[tuple[str, str, str], Any]

SERVERS = ("transformer", "predictor")
TRITON = ("http", "grpc", "http.aio", "grpc.aio")
OUTPUTS = {
    "transformer": ["output-0", "confidence", "pages", "words", "pdf"],
    "predictor": ["output-0", "confidence", "words"],
}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One line as a PNG file."""
    return save(tmp_path_factory.mktemp("line"), "line.png", encode(draw_line()))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TIFF of 20 MB: one line on a large uncompressed page."""
    page = Image.new("L", (4000, 5250), 255)
    page.paste(draw_line(size=80), (100, 200))
    path = save(tmp_path_factory.mktemp("large"), "large.tiff", encode(page, "TIFF"))
    assert path.stat().st_size > 20_000_000
    return path


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, service: Service) -> Server:
    chosen: Server = getattr(service, request.param)
    return chosen


def test_the_older_clients_curl_line(service: Service, line: Path) -> None:
    answer = json.loads(curl("-F", f"image_file=@{line}", service.url + GATEWAY))

    assert answer["outputs"][0]["data"][0].strip() == LINE


def test_the_older_gateways_json(server: Server, line: Path) -> None:
    body = json.dumps(v2_body(line.read_bytes()))

    answer = json.loads(curl("-H", "Content-Type: application/json", "-d", body, server.url + INFER))

    assert answer["model_name"] == "ocr-model"
    (output,) = answer["outputs"]
    assert (output["name"], output["shape"], output["datatype"]) == ("output-0", [1], "BYTES")
    assert output["data"][0].strip() == LINE


def test_curl_sends_a_file_as_the_body(service: Service, line: Path) -> None:
    # Without a type of the caller's own, curl calls the body a form.
    text = curl("--data-binary", f"@{line}", "-H", "Accept: text/plain", service.url + GATEWAY)

    assert text.strip() == LINE


@pytest.fixture(scope="module")
def kserve(service: Service, line: Path, large: Path) -> Answers:
    """KServe's clients: every form to both servers, and the large file once by each protocol."""
    calls = [
        *((form, server, line) for form in ("v1", "v2", "v2-binary", "grpc-raw", "grpc-typed") for server in SERVERS),
        *((form, "transformer", large) for form in ("v2-binary", "grpc-raw")),
    ]
    return answers("kserve_sdk", service, calls, outputs=False)


@pytest.fixture(scope="module")
def triton(service: Service, line: Path, large: Path) -> Answers:
    """Triton's clients: every form to both servers, and the large file once by each protocol."""
    calls = [
        *product(TRITON, SERVERS, [line]),
        ("http", "transformer", large),
        ("grpc", "transformer", large),
    ]
    return answers("triton", service, calls, outputs=True)


def answers(script: str, service: Service, calls: list[tuple[str, str, Path]], *, outputs: bool) -> Answers:
    """What the clients of a script get, by form, server and file name."""
    bodies = []
    for form, name, file in calls:
        server: Server = getattr(service, name)
        port = server.grpc_port if "grpc" in form else server.port
        body = {"form": form, "address": f"127.0.0.1:{port}", "file": str(file)}
        bodies.append({**body, "outputs": OUTPUTS[name]} if outputs else body)
    keys = [(form, name, file.stem) for form, name, file in calls]
    return dict(zip(keys, run_client(script, bodies), strict=True))


@pytest.mark.parametrize("form", ["v2", "v2-binary", "grpc-raw", "grpc-typed"])
@pytest.mark.parametrize("server", SERVERS)
def test_kserve_clients(kserve: Answers, server: str, form: str) -> None:
    answer = kserve[form, server, "line"]

    assert isinstance(answer, dict), answer
    assert [text.strip() for text in answer["output-0"]] == [LINE]


@pytest.mark.parametrize("server", SERVERS)
def test_kserve_client_of_v1(kserve: Answers, server: str) -> None:
    answer = kserve["v1", server, "line"]

    assert isinstance(answer, dict), answer
    assert [text.strip() for text in answer["predictions"]] == [LINE]


@pytest.mark.parametrize("form", ["v2-binary", "grpc-raw"])
def test_a_20_mb_tiff_through_kserves_clients(kserve: Answers, form: str) -> None:
    answer = kserve[form, "transformer", "large"]

    assert isinstance(answer, dict), answer
    assert [text.strip() for text in answer["output-0"]] == [LINE]


@pytest.mark.parametrize("form", TRITON)
@pytest.mark.parametrize("server", SERVERS)
def test_triton_clients(triton: Answers, server: str, form: str) -> None:
    answer = triton[form, server, "line"]

    assert isinstance(answer, dict), answer
    assert base64.b64decode(answer["output-0"][0]).decode().strip() == LINE
    assert 0.5 < answer["confidence"][0] <= 1
    assert json.loads(base64.b64decode(answer["words"][0]))["pages"][0]["blocks"]


@pytest.mark.parametrize("form", ["http", "grpc"])
def test_triton_clients_get_numbers_and_pdfs(triton: Answers, form: str) -> None:
    answer = triton[form, "transformer", "line"]

    assert answer["pages"] == [1]
    (page,) = pypdf.PdfReader(io.BytesIO(base64.b64decode(answer["pdf"][0]))).pages
    assert page.extract_text().split() == LINE.split()


@pytest.mark.parametrize("form", ["http", "grpc"])
def test_a_20_mb_tiff_through_tritons_clients(triton: Answers, form: str) -> None:
    answer = triton[form, "transformer", "large"]

    assert isinstance(answer, dict), answer
    assert base64.b64decode(answer["output-0"][0]).decode().strip() == LINE


def test_httpx_multipart(service: Service, line: Path) -> None:
    with line.open("rb") as file:
        answer = httpx.post(service.url + GATEWAY, files={"image_file": file}, timeout=TIMEOUT)

    assert answer.json()["outputs"][0]["data"][0].strip() == LINE


def test_a_20_mb_tiff_through_curl(service: Service, large: Path) -> None:
    assert curl("-F", f"image_file=@{large}", "-H", "Accept: text/plain", service.url + GATEWAY).strip() == LINE


def test_a_20_mb_tiff_as_base64(service: Service, large: Path, tmp_path: Path) -> None:
    body = save(tmp_path, "body.json", json.dumps(v2_body(large.read_bytes())).encode())

    answer = curl("-H", "Content-Type: application/json", "-d", f"@{body}", service.url + INFER)

    assert json.loads(answer)["outputs"][0]["data"][0].strip() == LINE


def test_a_20_mb_tiff_straight_to_the_predictor(service: Service, large: Path) -> None:
    with grpc_stub(service.predictor) as stub:
        assert grpc_text(stub.ModelInfer(grpc_request(large.read_bytes()), timeout=TIMEOUT)).strip() == LINE


def test_pixels_straight_to_the_predictor(service: Service) -> None:
    """The transformer's own form: a grey page as a UINT8 tensor after the JSON."""
    page = np.asarray(draw_line())
    tensor = {"name": "input-0", "datatype": "UINT8", "shape": list(page.shape)}
    header = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": page.size, "psm": 7}}]}).encode()

    answer = httpx.post(
        service.predictor.url + INFER,
        content=header + page.tobytes(),
        headers={"Inference-Header-Content-Length": str(len(header)), "Content-Type": "application/octet-stream"},
        timeout=TIMEOUT,
    )

    assert answer.json()["outputs"][0]["data"][0].strip() == LINE


def test_pixels_as_json_straight_to_the_predictor(service: Service) -> None:
    page = np.asarray(draw_line())
    tensor = {"name": "input-0", "datatype": "UINT8", "shape": list(page.shape), "data": page.tolist()}

    answer = httpx.post(service.predictor.url + INFER, json={"inputs": [tensor]}, timeout=TIMEOUT)

    assert answer.json()["outputs"][0]["data"][0].strip() == LINE
