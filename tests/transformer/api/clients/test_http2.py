"""REST over HTTP/2 without TLS at either server, beside gRPC on the same connection."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from tests.support.drawn_pages import LINE, draw_line, encode, encode_frames, v2_body
from tests.support.http2_client import Http2Client, http2_connection
from tests.support.http_calls import GATEWAY, INFER, TIMEOUT, assert_refused, curl, grpc_request, grpc_text, text_of
from tools.local_stack import Server, Service

PNG = encode(draw_line())
SERVICE = "/inference.GRPCInferenceService/"
GRPC_HEADERS = {"content-type": "application/grpc", "te": "trailers", "grpc-timeout": "60S"}


@pytest.fixture
def http2(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(http1=False, http2=True, base_url=service.transformer.url, timeout=TIMEOUT) as client:
        yield client


@pytest.fixture
def connection(server: Server) -> Iterator[Http2Client]:
    with http2_connection(server.port) as client:
        yield client


def framed(message: bytes) -> bytes:
    """A message as gRPC sends it, not compressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def test_rest_and_grpc_on_one_connection(connection: Http2Client) -> None:
    """As Knative's queue-proxy sends them to a port that is named h2c."""
    call = connection.begin("POST", SERVICE + "ModelInfer", GRPC_HEADERS, end=False)
    body = json.dumps(v2_body(PNG)).encode()
    request = connection.begin("POST", INFER, {"content-type": "application/json"}, end=False)
    connection.send(request, body)
    ready = connection.begin("GET", "/v2/health/ready")
    connection.send(call, framed(grpc_request(PNG).SerializeToString()))

    assert connection.answer(ready).status == "200"
    answer = connection.answer(request)
    assert (answer.status, json.loads(answer.body)["outputs"][0]["data"][0].strip()) == ("200", LINE)
    called = connection.answer(call)
    assert (called.status, called.trailers["grpc-status"]) == ("200", "0")
    assert grpc_text(pb.ModelInferResponse.FromString(called.body[5:])).strip() == LINE


def test_a_call_that_fails_has_its_status_and_metadata(connection: Http2Client) -> None:
    call = connection.begin("POST", SERVICE + "ModelInfer", GRPC_HEADERS, end=False)
    connection.send(call, framed(grpc_request(b"no image").SerializeToString()))
    answer = connection.answer(call)

    status = {**answer.headers, **answer.trailers}
    assert (status["grpc-status"], status["ocr-code"]) == ("3", "unsupported_document")
    unknown = connection.begin("POST", "/no.Service/Call", GRPC_HEADERS, end=False)
    connection.send(unknown, framed(b""))
    answer = connection.answer(unknown)
    assert {**answer.headers, **answer.trailers}["grpc-status"] == str(grpc.StatusCode.UNIMPLEMENTED.value[0])


def test_a_call_past_its_deadline(service: Service) -> None:
    with http2_connection(service.transformer.port) as connection:
        call = connection.begin("POST", SERVICE + "ModelInfer", {**GRPC_HEADERS, "grpc-timeout": "50m"}, end=False)
        answer = connection.answer(call)  # its message never comes
        status = {**answer.headers, **answer.trailers}.get("grpc-status")
        assert answer.reset is not None or status == str(grpc.StatusCode.DEADLINE_EXCEEDED.value[0])


def test_httpx(http2: httpx.Client) -> None:
    answers = [http2.post(GATEWAY, files={"file": PNG}), http2.post(INFER, json=v2_body(PNG))]

    assert {answer.http_version for answer in answers} == {"HTTP/2"}
    assert text_of(answers[1]).strip() == LINE
    for answer in answers:
        assert answer.headers["x-request-id"]
        assert ";dur=" in answer.headers["server-timing"]
    assert http2.head("/v2").content == b""
    assert http2.options(GATEWAY).status_code == 204


def test_compression_both_ways(http2: httpx.Client) -> None:
    body = gzip.compress(json.dumps(v2_body(PNG)).encode())
    headers = {"content-encoding": "gzip", "content-type": "application/json", "accept-encoding": "gzip"}
    assert text_of(http2.post(INFER, content=body, headers=headers)).strip() == LINE
    page = http2.get("/openapi.json", headers={"accept-encoding": "gzip"})
    assert page.headers["content-encoding"] == "gzip"


def test_pages_come_one_by_one(http2: httpx.Client) -> None:
    document = encode_frames([draw_line(), draw_line()])
    headers = {"accept": "application/x-ndjson"}
    with http2.stream("POST", GATEWAY, content=document, headers=headers) as answer:
        lines = [json.loads(line) for line in answer.iter_lines()]
    assert [line.get("page") for line in lines[:2]] == [1, 2]


def test_refusals(http2: httpx.Client) -> None:
    assert_refused(http2.post(GATEWAY, content=b"no image"), 415, "unsupported_document")
    assert_refused(http2.get("/nowhere"), 404, "not_found")
    assert_refused(http2.get(GATEWAY), 405, "method_not_allowed")
    pieces = (bytes(1_000_000) for _ in range(70))  # of one piece httpx copies the rest for each frame
    declared = {"content-length": "70000000"}
    message = assert_refused(http2.post(GATEWAY, content=pieces, headers=declared), 413, "too_many_bytes")
    assert "67108864" in message


def test_curl(service: Service, tmp_path: Path) -> None:
    page = tmp_path / "page.png"
    page.write_bytes(PNG)
    url = service.url + GATEWAY
    said = curl(
        "--http2-prior-knowledge", "-H", "Accept: text/plain", "-w", "%{http_version}", "-F", f"file=@{page}", url
    )
    assert said.splitlines() == [LINE, "2"]


def test_an_address_with_letters_beyond_ascii(http2: httpx.Client) -> None:
    assert "é" in http2.get("/v2/models/caf%C3%A9").json()["error"]


def test_a_large_body(server: Server) -> None:
    with http2_connection(server.port) as connection:
        request = connection.begin("POST", INFER, {"content-type": "application/json"}, end=False)
        connection.send(request, json.dumps({"inputs": []}).encode() + b" " * 60_000_000)
        assert connection.answer(request).status == "400"
