"""The end of the time to drain: what is unfinished is answered in the one format of errors."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest

from tests.support import fault_injection
from tests.support.drawn_pages import v2_body
from tests.support.fault_injection import PAGE
from tests.support.http_calls import (
    GATEWAY,
    INFER,
    TIMEOUT,
    assert_refused,
    curl,
    grpc_request,
    grpc_stub,
    metric,
    until,
)
from tools.local_stack import Server, Service, start_service


@pytest.fixture
def stuck(logs: Path) -> Iterator[Service]:
    """Servers whose time to drain is a second, and workers that finish nothing."""
    settings = {"OCR_DRAIN_SECONDS": "1", "OCR_WORKERS": "1"}
    with start_service(logs=logs, transformer=settings, predictor=settings) as running:
        fault_injection.signal_workers(running.predictor, signal.SIGSTOP)
        yield running


def test_unfinished_requests_are_answered_at_the_end(stuck: Service, tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_bytes(PAGE)
    status = ("-o", str(tmp_path / "answer"), "-w", "%{http_version} %{http_code}")

    def send(server: Server, path: str) -> httpx.Response:
        if path == GATEWAY:
            return httpx.post(server.url + path, content=PAGE, timeout=TIMEOUT)
        return httpx.post(server.url + path, json=v2_body(PAGE), timeout=TIMEOUT)

    def call(server: Server, port: int) -> str:
        with grpc_stub(server, port=port) as stub, pytest.raises(grpc.RpcError) as refused:
            stub.ModelInfer(grpc_request(PAGE), timeout=TIMEOUT)
        return str(refused.value.code().name)

    with ThreadPoolExecutor(5) as senders:
        over_http2 = senders.submit(
            curl, "--http2-prior-knowledge", *status, "-F", f"file=@{page}", stuck.transformer.url + GATEWAY
        )
        answers = [senders.submit(send, stuck.transformer, path) for path in (GATEWAY, INFER)]
        ports = (stuck.transformer.grpc_port, stuck.transformer.port)
        called = [senders.submit(call, stuck.transformer, port) for port in ports]
        until(lambda: metric(stuck.transformer, "ocr_requests_in_flight") == 5, "five requests")
        stuck.transformer.process.send_signal(signal.SIGTERM)
        for answer in answers:
            assert_refused(answer.result(), 503, "stopping")
        assert over_http2.result() == "2 503"
        assert [code.result() for code in called] == ["UNAVAILABLE", "UNAVAILABLE"]
    assert stuck.transformer.process.wait(TIMEOUT) == 0


def test_an_unfinished_page_of_the_predictor(stuck: Service) -> None:
    server = stuck.predictor
    with ThreadPoolExecutor(1) as senders, fault_injection.paused_workers(server):
        answer = senders.submit(httpx.post, server.url + INFER, json=v2_body(PAGE), timeout=TIMEOUT)
        fault_injection.until_busy(server)
        server.process.send_signal(signal.SIGTERM)
        assert_refused(answer.result(), 503, "stopping")
    assert server.process.wait(TIMEOUT) == 0
