"""Clients that send slowly, too much, or nothing, from another address than the second client's."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from tests.attacks.target import Target, attack_target, read_to_end
from tests.support.drawn_pages import LINE
from tests.support.http_calls import (
    GOOD,
    INFER,
    TIMEOUT,
    assert_reads,
    grpc_request,
    grpc_stub,
    grpc_text,
    metric,
    until,
)
from tests.support.second_client import always_served
from tools.local_stack import Endpoint

ATTACKER = "127.0.0.2"
_MIB = 1 << 20


@pytest.fixture(scope="module")
def limited(logs: Path) -> Iterator[Target]:
    """Servers that give up on slow clients after a second, and hold few connections."""
    settings = {
        "OCR_HEADER_SECONDS": "1",
        "OCR_BODY_IDLE_SECONDS": "1",
        "OCR_WRITE_SECONDS": "1",
        "OCR_MAX_CONNECTIONS": "64",
        "OCR_MAX_BYTES_IN_FLIGHT": str(134_217_728),
    }
    with attack_target(logs=logs, transformer=settings, predictor=settings) as target:
        yield target


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT, source_address=(ATTACKER, 0))


@contextlib.contextmanager
def connections(port: int, number: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(port)) for _ in range(number)]


def head(**headers: str) -> bytes:
    lines = [f"POST {INFER} HTTP/1.1", "Host: x", *(f"{name.replace('_', '-')}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode()


def flood(client: socket.socket, piece: bytes, times: int) -> int:
    """Send the piece again and again until the server closes; how often it was sent."""
    for number in range(times):
        try:
            client.sendall(piece)
        except OSError:
            return number
    return times


def resident(server: Endpoint) -> float:
    return metric(server, "process_resident_memory_bytes")


def descriptors(server: Endpoint) -> float:
    return metric(server, "process_max_fds")


def test_bodies_that_are_declared_and_never_sent(limited: Target) -> None:
    with always_served(limited.transformer, limited.predictor), connections(limited.transformer.port, 16) as clients:
        for client in clients:
            client.sendall(head(Content_Length="67108864"))
        for client in clients:
            assert b"HTTP/1.1 400 " in read_to_end(client)


def test_a_body_that_trickles(limited: Target) -> None:
    with connect(limited.transformer.port) as client:
        client.sendall(head(Content_Length="67108864"))
        client.settimeout(0.2)
        answer = b""
        until = time.monotonic() + TIMEOUT
        while not answer and time.monotonic() < until:
            client.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                answer = client.recv(1 << 16)
        client.settimeout(TIMEOUT)
        answer += read_to_end(client)  # the body may come after the headers
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"1024 bytes a second" in answer


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX-A: ", b"POST / HTT"])
def test_connections_that_never_complete_their_headers(limited: Target, start: bytes) -> None:
    server = limited.transformer
    with always_served(server, limited.predictor), connections(server.port, 48) as clients:
        for client in clients:
            client.sendall(start)
        for client in clients:
            assert read_to_end(client) == b""


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Room for more connections than a process may open by default."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_descriptors")
def test_more_connections_than_there_are_descriptors_for(limited: Target) -> None:
    server = limited.transformer
    with always_served(server, limited.predictor), connections(server.port, 1100):
        until(lambda: metric(server, "process_open_fds") < descriptors(server) - 64, "connections to be closed")


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET / HTTP/1.1\r\n", b"X-Padding: " + b"a" * _MIB + b"\r\n"),
        (b"GET / HTTP/1.1\r\nX-One: ", b"a" * _MIB),
        (b"GET /", b"a" * _MIB),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ", b"a" * _MIB),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=", b"a" * _MIB),
    ],
)
def test_headers_without_end(limited: Target, start: bytes, piece: bytes) -> None:
    server = limited.transformer
    before = resident(server)
    with always_served(server, limited.predictor), connect(server.port) as client:
        client.sendall(start)
        assert flood(client, piece, 200) < 200
    assert resident(server) - before < 64 * _MIB


def test_headers_over_the_limit_are_told(limited: Target) -> None:
    with connect(limited.transformer.port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n")
        answer = read_to_end(client)
    headers, _, body = answer.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/json" in headers
    assert b"x-request-id: " in headers
    assert b"server-timing: total;dur=" in headers
    assert json.loads(body)["code"] == "headers_too_large"


def test_what_is_not_http_is_refused_in_json(limited: Target) -> None:
    with connect(limited.transformer.port) as client:
        client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        headers, _, body = read_to_end(client).partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in headers
    assert json.loads(body)["code"] == "malformed_request"


def test_requests_whose_responses_are_never_read(limited: Target) -> None:
    server = limited.transformer
    before = resident(server)
    piece = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
    with always_served(server, limited.predictor), connect(server.port) as client:
        client.settimeout(5)
        assert flood(client, piece, 600) < 600
    assert resident(server) - before < 128 * _MIB


@pytest.mark.long
def test_large_grpc_messages(limited: Target) -> None:
    """Messages of 40 MiB, none of them a document, all at once."""
    server = limited.transformer
    request = grpc_request(bytes(40 * _MIB))

    def call(_: int) -> str:
        with grpc_stub(server) as stub:
            try:
                stub.ModelInfer(request, timeout=TIMEOUT)
            except grpc.RpcError as error:
                return str(error.code().name)
        raise AssertionError("zeros are no document")

    before = resident(server)
    peak = before
    with ThreadPoolExecutor(30) as senders:
        calls = [senders.submit(call, number) for number in range(30)]
        while not all(done.done() for done in calls):
            peak = max(peak, resident(server))
            time.sleep(0.02)
    assert {done.result() for done in calls} <= {"INVALID_ARGUMENT", "UNAVAILABLE", "RESOURCE_EXHAUSTED"}
    # Two arrive at a time, each in gRPC's buffers and as bytes; once each message stayed until a garbage collection.
    assert peak - before < 600 * _MIB
    assert_reads(server)


@pytest.mark.usefixtures("many_descriptors")
def test_more_grpc_connections_than_there_are_descriptors_for(limited: Target) -> None:
    server = limited.transformer
    with always_served(server, limited.predictor), connections(server.grpc_port, 1100):
        for _ in range(3):
            assert_reads(server)
        assert metric(server, "process_open_fds") < descriptors(server) - 64


@pytest.mark.long
@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_a_grpc_stream_that_sends_nothing(limited: Target, role: str) -> None:
    """It holds the one turn to send that there is, and has to give it to the next call."""
    server: Endpoint = getattr(limited, role)
    over = threading.Event()

    def silence() -> Iterator[bytes]:
        over.wait(TIMEOUT)
        yield from ()

    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        grpc.channel_ready_future(channel).result(TIMEOUT)
        stream = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        silent = stream(silence(), timeout=TIMEOUT)
        answer = GRPCInferenceServiceStub(channel).ModelInfer(grpc_request(GOOD), timeout=TIMEOUT / 2)
        over.set()
        silent.cancel()
    assert grpc_text(answer).strip() == LINE


def test_grpc_messages_of_many_values(limited: Target) -> None:
    server = limited.transformer
    with always_served(server, limited.predictor), grpc_stub(server) as stub:
        request = grpc_request(*[b""] * 5_000_000, typed=True)
        with pytest.raises(grpc.RpcError) as refused:
            stub.ModelInfer(request, timeout=TIMEOUT)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
