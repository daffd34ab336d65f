"""API keys at a real transformer, over HTTP and gRPC."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from tests.support.drawn_pages import LINE, draw_line, encode_frames
from tests.support.http_calls import (
    GATEWAY,
    GOOD,
    TIMEOUT,
    assert_refused,
    grpc_request,
    grpc_stub,
    grpc_text,
    metric,
    until,
)
from tools.local_stack import Server, Service, spawn_transformer, start_transformer

KEYS = {"scanner": "a long random secret", "limited": "another one", "pages": "a third one"}
LIMITS = {"scanner": "", "limited": "requests=1", "pages": "pages=2"}
TWO_PAGES = encode_frames([draw_line(), draw_line()])


@pytest.fixture(scope="module")
def guarded(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A transformer that only these keys may call."""
    folder = tmp_path_factory.mktemp("keys")
    lines = (f"{name} {hashlib.sha256(key.encode()).hexdigest()} {LIMITS[name]}\n" for name, key in KEYS.items())
    (folder / "keys").write_text("".join(lines))
    settings = {"OCR_API_KEYS_FILE": str(folder / "keys"), "OCR_CORS_ORIGINS": "*", "OCR_DECODE_WORKERS": "1"}
    with start_transformer(service.predictor.port, logs=folder, settings=settings) as server:
        yield server


def send(server: Server, headers: dict[str, str], document: bytes = GOOD) -> httpx.Response:
    return httpx.post(server.url + GATEWAY, content=document, headers=headers, timeout=TIMEOUT)


def last_access(server: Server) -> dict[str, object]:
    """The access log's last line of a request to the gateway."""
    lines: list[dict[str, object]] = [json.loads(line) for line in server.log_text().splitlines() if GATEWAY in line]
    return lines[-1] if lines else {}


@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": "wrong"}, {"Authorization": "Bearer wrong"}])
def test_without_a_valid_key(guarded: Server, headers: dict[str, str]) -> None:
    answer = send(guarded, headers)

    assert "key" in assert_refused(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["X-Api-Key", "Authorization"])
def test_with_a_key(guarded: Server, header: str) -> None:
    prefix = "Bearer " if header == "Authorization" else ""
    answer = send(guarded, {header: prefix + KEYS["scanner"]})

    assert LINE in answer.text
    until(lambda: last_access(guarded).get("key") == "scanner", "the line of the request, which follows the response")
    assert KEYS["scanner"] not in guarded.log_text()
    assert metric(guarded, "ocr_api_key_requests_total", key="scanner", outcome="admitted") >= 1
    assert metric(guarded, "ocr_api_key_pages_total", key="scanner") >= 1


def test_over_http2(guarded: Server) -> None:
    with httpx.Client(http1=False, http2=True, base_url=guarded.url, timeout=TIMEOUT) as client:
        assert_refused(client.post(GATEWAY, content=GOOD), 401, "unauthorized")
        answer = client.post(GATEWAY, content=GOOD, headers={"X-Api-Key": KEYS["scanner"]})
    assert (answer.http_version, LINE in answer.text) == ("HTTP/2", True)


def test_probes_metrics_and_preflight_requests_need_no_key(guarded: Server) -> None:
    for path in ("/", "/v2/health/live", "/v2/health/ready", "/metrics"):
        assert httpx.get(guarded.url + path, timeout=TIMEOUT).status_code == 200
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    assert httpx.options(guarded.url + GATEWAY, headers=preflight, timeout=TIMEOUT).status_code == 200
    assert httpx.get(f"{guarded.url}/v2/models/ocr-model", timeout=TIMEOUT).status_code == 401


def test_requests_a_minute(guarded: Server) -> None:
    first, second = (send(guarded, {"X-Api-Key": KEYS["limited"]}) for _ in range(2))

    assert first.status_code == 200
    assert_refused(second, 429, "quota_exceeded")
    assert 0 < int(second.headers["retry-after"]) <= 60


def test_pages_an_hour(guarded: Server) -> None:
    first, second = (send(guarded, {"X-Api-Key": KEYS["pages"]}, TWO_PAGES) for _ in range(2))

    assert first.status_code == 200
    assert_refused(second, 429, "quota_exceeded")
    assert int(second.headers["retry-after"]) > 60


@pytest.mark.parametrize("port", ["port", "grpc_port"])
def test_over_grpc(guarded: Server, port: str) -> None:
    with grpc_stub(guarded, port=getattr(guarded, port)) as stub:
        assert stub.ServerReady(pb.ServerReadyRequest(), timeout=TIMEOUT).ready
        with pytest.raises(grpc.RpcError) as refused:
            stub.ModelInfer(grpc_request(GOOD), timeout=TIMEOUT)
        metadata = (("authorization", f"Bearer {KEYS['scanner']}"),)
        answer = stub.ModelInfer(grpc_request(GOOD), timeout=TIMEOUT, metadata=metadata)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert dict(refused.value.trailing_metadata())["ocr-code"] == "unauthorized"
    assert grpc_text(answer).strip() == LINE


def test_a_wrong_file_ends_the_start_with_a_message(service: Service, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("scanner\n")
    settings = {"OCR_API_KEYS_FILE": str(tmp_path / "keys")}
    server = spawn_transformer(service.predictor.port, logs=tmp_path, settings=settings)

    assert server.process.wait(TIMEOUT) == 2
    assert "line 1: it must be ID SHA256" in server.log_text()
