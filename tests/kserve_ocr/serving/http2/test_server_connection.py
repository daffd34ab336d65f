"""A server without gRPC over HTTP/2."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http2_client import http2_connection
from tests.support.http_calls import TIMEOUT
from tools.local_stack import Server, spawn, wait_ready


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = spawn("tests.kserve_ocr.serving.faulty_server", "--enable_grpc=false", logs=tmp_path)
    try:
        wait_ready(running)
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def test_calls_of_grpc_are_told_that_it_is_off(server: Server) -> None:
    with http2_connection(server.port) as client:
        call = client.begin("POST", "/inference.GRPCInferenceService/ServerLive", {"content-type": "application/grpc"})
        answer = client.answer(call)
        assert (answer.status, answer.headers["grpc-status"]) == ("200", "12")
        live = client.begin("GET", "/v2/health/live")
        assert client.answer(live).body == b'{"live":true}'


def test_a_connection_without_requests_is_closed_at_the_end(server: Server) -> None:
    with http2_connection(server.port) as client:
        assert client.answer(client.begin("GET", "/v2/health/live")).status == "200"
        server.process.send_signal(signal.SIGTERM)
        assert client.until_closed() == 0
    assert server.process.wait(TIMEOUT) == 0
