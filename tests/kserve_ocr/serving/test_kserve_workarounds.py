"""Workarounds for behavior of KServe and its libraries; each test fails where its workaround is taken out.

tritonclient and kserve register the same protobuf names, so clients run as processes
of their own (tests/support/clients).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import orjson
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from PIL import Image

from kserve_ocr.observability import tracing
from kserve_ocr.protocol import names, types, v2_request
from kserve_ocr.protocol.parameters import RecognitionOptions
from tests.support import fault_injection
from tests.support.drawn_pages import LINE, b64, draw_line, encode, v2_body
from tests.support.http_calls import (
    GATEWAY,
    GOOD,
    INFER,
    PREDICT,
    TIMEOUT,
    assert_reads,
    assert_refused,
    connection_of,
    grpc_refusal,
    grpc_request,
    grpc_stub,
    grpc_text,
    infer,
    metric,
    one_connection,
    text_of,
    upload,
)
from tests.transformer.pipeline.fake_predictor import predictor_client
from tools.local_stack import ROOT, Server, Service, spawn, wait_ready
from transformer.pipeline.predictor_client import PredictorClient


@pytest.fixture(params=["transformer", "predictor"])
def server(request: pytest.FixtureRequest, service: Service) -> Server:
    chosen: Server = getattr(service, request.param)
    return chosen


async def read(client: PredictorClient, page: types.Page) -> str:
    deadline = asyncio.get_running_loop().time() + 30
    return (await client.read(page, RecognitionOptions(), wants_layout=False, deadline=deadline)).text


def page_of(shape: tuple[int, int]) -> types.Page:
    pixels: types.Page = np.arange(shape[0] * shape[1], dtype=np.uint32).astype(np.uint8).reshape(shape)
    return pixels


def test_raw_tensors_stay_where_they_are() -> None:
    raw = bytes(3508 * 2480)
    tensor = {"name": "input-0", "datatype": "UINT8", "shape": [3508, 2480]}
    header = orjson.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(raw)}}]})
    body = header + raw

    request = v2_request.decode_request(body, json_length=len(header), model_name="ocr-model")

    assert np.shares_memory(v2_request.page(request.inputs[0]), np.frombuffer(body, np.uint8))


def test_bytes_that_are_not_utf8(server: Server) -> None:
    raw = len(GOOD).to_bytes(4, "little") + GOOD
    tensor = {"name": "input-0", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(raw)}}
    header = json.dumps({"inputs": [tensor]}).encode()
    with pytest.raises(UnicodeDecodeError):
        raw.decode()

    headers = {names.JSON_LENGTH: str(len(header))}
    answer = httpx.post(server.url + INFER, content=header + raw, headers=headers, timeout=TIMEOUT)

    assert text_of(answer).strip() == LINE


@pytest.mark.parametrize("shape", [(3, 4), (700, 800)], ids=["at once", "in chunks"])
def test_one_content_type_and_the_pixels_as_they_are(shape: tuple[int, int]) -> None:
    page = page_of(shape)

    async def scenario() -> None:
        async with predictor_client() as (client, fake):
            assert await read(client, page) == "read"
            (request,) = fake.requests
            assert request.headers.getall("Content-Type") == ["application/octet-stream"]
            length = int(request.headers[names.JSON_LENGTH])
            assert request.headers["Content-Length"] == str(length + page.size)
            inference = v2_request.decode_request(fake.bodies[0], json_length=length, model_name="ocr-model")
            assert np.array_equal(v2_request.page(inference.inputs[0]), page)

    asyncio.run(scenario())


@pytest.mark.parametrize(("parameters", "status", "code"), [({"lang": "tlh"}, 400, "invalid_parameter")])
def test_the_predictors_refusals_pass_through(
    service: Service, parameters: dict[str, str], status: int, code: str
) -> None:
    ours = assert_refused(infer(service.transformer, GOOD, parameters=parameters), status, code)
    theirs = assert_refused(infer(service.predictor, GOOD, parameters=parameters), status, code)

    assert ours == theirs
    assert "eng" in ours  # only the predictor knows what is installed


def test_probes_are_answered_while_pages_are_read(service: Service) -> None:
    """A page in a worker must not hold up the loop: the probes' answers come before the page's."""
    with fault_injection.in_background(2) as background:
        with fault_injection.paused_workers(service.predictor):
            answers = [background.submit(upload, service.transformer, fault_injection.PAGE) for _ in range(2)]
            fault_injection.until_busy(service.predictor)
            for server in (service.transformer, service.predictor):
                for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/ocr-model/ready", "/metrics"):
                    assert httpx.get(server.url + path, timeout=TIMEOUT).status_code == 200
            assert not any(answer.done() for answer in answers)
        for answer in answers:
            fault_injection.assert_whole(text_of(fault_injection.answer_of(answer)))


@pytest.mark.parametrize("package", ["predictor", "transformer"])
def test_more_than_one_server_is_refused(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", package, "--model_name=ocr-model", "--workers=2", "--predictor_host=localhost"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )

    assert done.returncode == 2
    assert "--workers must be 1" in done.stderr


def test_the_transformer_calls_the_predictor_by_its_own_name() -> None:
    async def scenario() -> None:
        async with predictor_client(model="letters") as (client, fake):
            await read(client, page_of((2, 2)))
            assert fake.requests[0].path == "/v2/models/letters/infer"

    asyncio.run(scenario())


def test_nobody_unloads_the_model(server: Server) -> None:
    with one_connection(server) as client:
        for action in ("load", "unload"):
            refusal = client.post(f"/v2/repository/models/ocr-model/{action}")
            assert_refused(refusal, 404, "not_found")
        assert_refused(client.post("/v2/repository/index"), 404, "not_found")
    with grpc_stub(server) as stub:
        for call, request in (
            (stub.RepositoryModelLoad, pb.RepositoryModelLoadRequest(model_name="ocr-model")),
            (stub.RepositoryModelUnload, pb.RepositoryModelUnloadRequest(model_name="ocr-model")),
        ):
            status, trailing, _ = grpc_refusal(call, request)
            assert (status, trailing["ocr-code"]) == ("NOT_FOUND", "not_found")
    assert_reads(server)


def test_text_parts_are_not_capped_at_a_megabyte(service: Service) -> None:
    """A field of more than 1 MB is read as the option that it is, and refused as such."""
    answer = httpx.post(
        service.url + GATEWAY, data={"lang": "e" * 1_100_000}, files={"image_file": GOOD}, timeout=TIMEOUT
    )

    assert "lang" in assert_refused(answer, 400, "invalid_parameter")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "text/plain"])
def test_v1_takes_json_by_any_name(server: Server, content_type: str) -> None:
    body = json.dumps({"instances": [{"b64": b64(GOOD)}]}).encode()

    answer = httpx.post(server.url + PREDICT, content=body, headers={"Content-Type": content_type}, timeout=TIMEOUT)

    assert [text.strip() for text in answer.json()["predictions"]] == [LINE]


def test_errors_are_counted(server: Server) -> None:
    labels = {"route": "infer", "protocol": "json", "code": "unsupported_document"}
    before = metric(server, "ocr_requests_total", **labels)

    infer(server, b"Dear Sir or Madam")

    assert metric(server, "ocr_requests_total", **labels) == before + 1


def test_the_trace_reaches_the_predictor() -> None:
    async def scenario() -> None:
        async with predictor_client() as (client, fake):
            parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            with tracing.serve("test", traceparent=parent, request_id="order-66"):
                await read(client, page_of((2, 2)))
            headers = fake.requests[0].headers
            assert headers[names.TRACEPARENT].split("-")[1] == parent.split("-")[1]
            assert headers[names.REQUEST_ID] == "order-66"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "module",
    [
        "predictor.engines.tesserocr_engine",
        "predictor.engines.pytesseract_engine",
        "transformer.pipeline.decode_worker",
    ],
)
def test_workers_do_not_import_the_server(module: str) -> None:
    heavy = ("kserve", "fastapi", "pydantic", "grpc", "aiohttp", "uvicorn")
    program = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["predictor", "transformer"])
def test_a_bad_setting_is_told_before_anything_heavy_is_imported(package: str) -> None:
    program = (
        f"import os, sys; os.environ['OCR_MAX_BYTES'] = 'many'\n"
        f"from {package}.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, 'kserve' in sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["2", "False"]


def test_messages_of_more_than_8_megabytes(server: Server) -> None:
    page = Image.new("L", (3000, 3500), 255)
    page.paste(draw_line(size=80), (200, 200))
    request = grpc_request(encode(page, "TIFF"))
    assert request.ByteSize() > 8 << 20

    with grpc_stub(server) as stub:
        assert grpc_text(stub.ModelInfer(request, timeout=TIMEOUT)).strip() == LINE


def test_an_unexpected_error_keeps_the_connection(tmp_path: Path) -> None:
    """A model that raises what nobody foresaw: 500 in our shape, and the next request on the same connection."""
    server = spawn("tests.kserve_ocr.serving.faulty_server", logs=tmp_path)
    try:
        wait_ready(server)
        with one_connection(server) as client:
            refusal = client.post(INFER, json=v2_body(b"raise"))
            message = assert_refused(refusal, 500, "internal")
            assert "secret" not in message
            good = client.post(INFER, json=v2_body(b"answer"))
            assert text_of(good) == "answer"
            assert connection_of(good) == connection_of(refusal)
        with grpc_stub(server) as stub:
            status, trailing, message = grpc_refusal(stub.ModelInfer, grpc_request(b"raise"))
            assert (status, trailing["ocr-code"]) == ("INTERNAL", "internal")
            assert "secret" not in message
            assert grpc_text(stub.ModelInfer(grpc_request(b"answer"), timeout=TIMEOUT)) == "answer"
        assert "RuntimeError" in server.log_text()
        assert "secret" not in server.log_text()
    finally:
        assert server.stop() == 0
