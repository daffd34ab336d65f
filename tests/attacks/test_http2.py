"""HTTP/2 clients that send what no client needs to, or take nothing."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from h2.errors import ErrorCodes

from tests.attacks.target import Target, attack_target, read_to_end
from tests.support.http2_client import Http2Client, http2_connection
from tests.support.http_calls import GATEWAY, GOOD, assert_reads, metric
from tests.support.second_client import always_served

ATTACKER = "127.0.0.2"
_MIB = 1 << 20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CALM = int(ErrorCodes.ENHANCE_YOUR_CALM)


@pytest.fixture(scope="module")
def limited(logs: Path) -> Iterator[Target]:
    """Servers that give up on slow clients after a second."""
    settings = {"OCR_HEADER_SECONDS": "1", "OCR_BODY_IDLE_SECONDS": "1", "OCR_WRITE_SECONDS": "1"}
    with attack_target(logs=logs, transformer=settings, predictor=settings) as target:
        yield target


@pytest.fixture
def client(limited: Target) -> Iterator[Http2Client]:
    """A connection to the transformer, which serves another client all the time."""
    server = limited.transformer
    with always_served(server, limited.predictor), http2_connection(server.port, source=ATTACKER) as client:
        yield client


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def send(client: Http2Client, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        client.socket.sendall(data)


@pytest.mark.parametrize(
    "flood",
    [
        frame(0x6, 0, 0, bytes(8)),  # PING
        frame(0x4, 0, 0),  # SETTINGS
        frame(0x2, 0, 1, bytes(4) + b"\x01"),  # PRIORITY
        frame(0x8, 0, 0, b"\0\0\0\x01"),  # WINDOW_UPDATE
        frame(0xBB, 0, 0, b"unknown"),
    ],
    ids=["ping", "settings", "priority", "window", "unknown"],
)
def test_frames_that_bring_nothing(client: Http2Client, flood: bytes) -> None:
    send(client, flood * 50_000)
    assert client.until_closed() in (CALM, None)  # None: reset before the reason was read


def test_empty_frames_of_a_body(client: Http2Client) -> None:
    request = client.begin("POST", GATEWAY, end=False)
    send(client, frame(0x0, 0, request) * 5_000)
    assert client.until_closed() in (CALM, None)


def test_a_header_block_without_end(client: Http2Client) -> None:
    send(client, frame(0x1, 0, 1, b"\x82") + frame(0x9, 0, 1, bytes(16_000)) * 500)
    assert client.until_closed() in (CALM, None)


def test_a_frame_over_the_limit_is_refused_by_its_first_bytes(client: Http2Client) -> None:
    send(client, frame(0x0, 0, 1, bytes(100_000))[:9])
    assert client.until_closed() == int(ErrorCodes.FRAME_SIZE_ERROR)


def test_requests_that_are_reset_at_once(client: Http2Client) -> None:
    for _ in range(400):
        with contextlib.suppress(ConnectionError):
            number = client.begin("GET", "/v2")
            client.state.reset_stream(number, ErrorCodes.CANCEL)
            client.flush()
    assert client.until_closed() in (CALM, None)


def test_more_requests_at_once_than_one_connection_may_have(limited: Target) -> None:
    with http2_connection(limited.transformer.port, source=ATTACKER) as client:
        client.until(lambda: client.state.remote_settings.max_concurrent_streams == 100)
        block = client.state.encoder.encode(
            [(":method", "POST"), (":scheme", "http"), (":path", GATEWAY), (":authority", "x")]
        )
        send(client, b"".join(frame(0x1, 0x4, 2 * number + 1, block) for number in range(101)))
        assert client.until_closed() is not None
    assert_reads(limited.transformer)


def test_headers_over_the_limit_are_told(client: Http2Client) -> None:
    request = client.begin("GET", "/v2", {"x-padding": "a" * 70_000})
    answer = client.answer(request)
    assert answer.status == "431"
    assert b"headers_too_large" in answer.body
    assert answer.headers["x-request-id"]
    assert answer.headers["server-timing"].startswith("total;dur=")


def test_headers_far_over_the_limit(client: Http2Client) -> None:
    client.begin("GET", "/v2", {f"x-{number}": "a" * 4000 for number in range(60)})
    assert client.until_closed() == CALM


def test_a_body_that_never_comes(client: Http2Client) -> None:
    request = client.begin("POST", GATEWAY, {"content-length": "1000000"}, end=False)
    assert client.answer(request).status == "400"


def test_a_body_of_another_length_than_declared(client: Http2Client) -> None:
    request = client.begin("POST", GATEWAY, {"content-length": "10"}, end=False)
    client.send(request, b"more than ten bytes")
    assert client.until_closed() == int(ErrorCodes.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "headers", [{"connection": "close"}, {"transfer-encoding": "chunked"}, {"Upper": "x"}, {"x": "a\r\nb: c"}]
)
def test_headers_that_http_2_does_not_have(client: Http2Client, headers: dict[str, str]) -> None:
    request = client.begin("GET", "/v2", headers)
    assert client.until_closed() in (int(ErrorCodes.PROTOCOL_ERROR), None)
    assert not client.answers[request].headers


def test_a_response_that_is_never_taken(limited: Target) -> None:
    with http2_connection(limited.transformer.port, source=ATTACKER, window=0) as client:
        request = client.begin("GET", "/metrics")
        assert client.answer(request).reset == int(ErrorCodes.CANCEL)


def test_connections_that_never_complete_their_start(limited: Target) -> None:
    with contextlib.ExitStack() as stack:
        connections = []
        for start in (b"", PREFACE[:20], PREFACE, PREFACE + bytes(5)):
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", limited.transformer.port), timeout=20))
            raw.sendall(start)
            connections.append(raw)
        for raw in connections:
            assert len(read_to_end(raw)) < 200  # settings and the end, or nothing


def test_trailers_of_a_request_are_ignored(client: Http2Client) -> None:
    request = client.begin("POST", GATEWAY, {"accept": "text/plain"}, end=False)
    client.send(request, GOOD, end=False)
    client.state.send_headers(request, [("x-api-key", "k")], end_stream=True)
    client.flush()
    assert client.answer(request).status == "200"


def test_bodies_that_nobody_reads_are_bounded(limited: Target) -> None:
    """Calls that never end, whose messages are larger than what may wait."""
    server = limited.transformer
    before = metric(server, "process_resident_memory_bytes")
    headers = {"content-type": "application/grpc", "te": "trailers"}
    with http2_connection(server.port, source=ATTACKER) as client:
        client.until(lambda: client.state.remote_settings.max_concurrent_streams == 100)
        for _ in range(60):
            call = client.begin("POST", "/inference.GRPCInferenceService/ModelInfer", headers, end=False)
            size = min(client.state.local_flow_control_window(call), 262_144)
            client.state.send_data(call, b"\0\x03\xff\xff\xff")
            for _ in range(size // 16_384 - 1):
                client.state.send_data(call, bytes(16_384))
            client.flush()
        assert metric(server, "process_resident_memory_bytes") - before < 128 * _MIB
        ready = client.begin("GET", "/v2/health/ready")
        assert client.answer(ready).status == "200"
    assert_reads(server)
