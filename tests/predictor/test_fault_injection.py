"""A running predictor under real faults: no lost answer, no leaked process, and the next request works."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from predictor.tessdata import ModelDirectory
from tests.support import fault_injection
from tests.support.drawn_pages import LINE, draw_line, draw_page, encode, v2_body
from tests.support.http_calls import (
    GOOD,
    INFER,
    assert_reads,
    assert_refused,
    grpc_refusal,
    grpc_request,
    grpc_stub,
    infer,
    metric,
    one_connection,
    text_of,
    until,
)
from tools.local_stack import Server, spawn, start_predictor, wait_ready


@pytest.fixture(scope="module")
def running(logs: Path) -> Iterator[Server]:
    """A predictor with one worker and one place in its queue."""
    before = fault_injection.temporary_files()
    settings = {"OCR_WORKERS": "1", "OCR_MAX_QUEUE": "1"} | fault_injection.VISIBLE
    with start_predictor(logs=logs, settings=settings) as server:
        yield server
    assert fault_injection.temporary_files() <= before


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """The same, which after every test must read, and hold neither a zombie nor a file more than before."""
    with fault_injection.unharmed(running, settle=lambda: fault_injection.until_idle(running)):
        yield running
    assert len(fault_injection.workers(running)) == 1


def restarts(server: Server, reason: str) -> float:
    return metric(server, "ocr_worker_restarts_total", pool="recognize", reason=reason)


def test_a_killed_worker_costs_no_answer(server: Server) -> None:
    crashes = restarts(server, "crash")
    with fault_injection.in_background() as background:
        with fault_injection.paused_workers(server):
            answer = background.submit(infer, server, fault_injection.PAGE)
            fault_injection.until_busy(server)
            fault_injection.signal_workers(server, signal.SIGKILL)

        text = text_of(fault_injection.answer_of(answer))

    fault_injection.assert_whole(text)
    assert restarts(server, "crash") == crashes + 1


def _recognizes(server: Server, crashes: int) -> bool:
    return restarts(server, "crash") == crashes and fault_injection.busy(server) == 1


def test_a_page_that_kills_two_workers_is_given_up(server: Server) -> None:
    crashes = restarts(server, "crash")
    endless = encode(draw_page(25 * fault_injection.LINES, size=28, width=1500))
    with fault_injection.in_background() as background:
        answer = background.submit(infer, server, endless)
        for done in (0, 1):
            until(lambda expected=crashes + done: _recognizes(server, expected), "a page")  # type: ignore[misc]
            until(lambda: bool(fault_injection.workers(server)), "a worker")
            fault_injection.signal_workers(server, signal.SIGKILL)

        refusal = fault_injection.answer_of(answer)

    assert "SIGKILL" in assert_refused(refusal, 502, "page_crashed")


def test_a_stopped_worker_is_replaced_when_the_page_is_over_its_time(server: Server) -> None:
    timeouts = restarts(server, "timeout")
    (worker,) = fault_injection.workers(server)
    with fault_injection.paused_workers(server):
        assert_refused(infer(server, GOOD, parameters={"budget_ms": 1000}), 504, "timed_out")

    assert restarts(server, "timeout") == timeouts + 1
    until(lambda: not worker.is_running(), "the end of the stopped worker")


def test_an_idle_worker_that_is_killed_is_replaced(server: Server) -> None:
    (worker,) = fault_injection.workers(server)

    worker.kill()

    until(lambda: [found.pid for found in fault_injection.workers(server)] not in ([], [worker.pid]), "another worker")
    assert_reads(server)


def test_more_requests_than_places(server: Server) -> None:
    fault_injection.assert_overload_is_told(server)


def test_overload_through_grpc(server: Server) -> None:
    with fault_injection.in_background(2) as background:
        with fault_injection.paused_workers(server):
            answers = [background.submit(infer, server, GOOD) for _ in range(2)]
            until(
                lambda: metric(server, "ocr_requests_in_flight") == 2 and fault_injection.busy(server) == 1,
                "a full server",
            )
            fault_injection.assert_overload_is_told_by_grpc(server)
        assert all(fault_injection.answer_of(answer).status_code == 200 for answer in answers)


def test_a_client_that_goes_away_frees_the_worker(server: Server) -> None:
    cancelled = restarts(server, "cancelled")
    body = json.dumps(v2_body(GOOD)).encode()

    with (
        fault_injection.paused_workers(server),
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        connection.sendall(fault_injection.head(INFER, len(body)) + body)
        fault_injection.until_busy(server)

    until(lambda: restarts(server, "cancelled") == cancelled + 1, "the end of its page")
    assert metric(server, "ocr_requests_total", code="client_gone") >= 1


def test_a_grpc_client_that_goes_away_frees_the_worker(server: Server) -> None:
    cancelled = restarts(server, "cancelled")
    with grpc_stub(server) as stub, fault_injection.paused_workers(server):
        call = stub.ModelInfer.future(grpc_request(GOOD))
        fault_injection.until_busy(server)
        call.cancel()

    until(lambda: restarts(server, "cancelled") == cancelled + 1, "the end of its page")


def test_a_client_that_goes_away_gives_up_its_place(server: Server) -> None:
    body = json.dumps(v2_body(fault_injection.PAGE)).encode()
    with fault_injection.in_background() as background:
        with fault_injection.paused_workers(server):
            answer = background.submit(infer, server, GOOD)
            fault_injection.until_busy(server)
            fault_injection.disconnect(server, body)
            until(lambda: metric(server, "ocr_requests_in_flight") == 1, "the other request alone")

        assert fault_injection.answer_of(answer).status_code == 200


@pytest.mark.parametrize("sent", [0, 10, 5000], ids=["nothing", "a little", "half"])
def test_a_body_that_never_ends(server: Server, sent: int) -> None:
    body = json.dumps(v2_body(fault_injection.PAGE)).encode()

    with fault_injection.in_background() as background:
        with socket.create_connection(("127.0.0.1", server.port)) as slow:
            slow.sendall(fault_injection.head(INFER, len(body)) + body[:sent])
            assert text_of(fault_injection.answer_of(background.submit(infer, server, GOOD))).strip() == LINE
        until(lambda: metric(server, "ocr_requests_in_flight") == 0, "the end of the request")


def test_what_is_not_http(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_page_over_the_memory_that_workers_have(logs: Path) -> None:
    settings = {"OCR_WORKERS": "1", "OCR_WORKER_MEMORY_MIB": "400"}
    large = Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (8_000, 60)))
    with start_predictor(logs=logs, settings=settings) as server:
        with one_connection(server) as client:
            assert_refused(client.post(INFER, json=v2_body(encode(large))), 413, "too_many_pixels")
            tensor = {"name": "input-0", "datatype": "UINT8", "shape": [large.height, large.width]}
            pixels = large.tobytes()
            header = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(pixels)}}]}).encode()
            length = {"Inference-Header-Content-Length": str(len(header))}
            assert_refused(client.post(INFER, content=header + pixels, headers=length), 502, "page_crashed")
            assert text_of(client.post(INFER, json=v2_body(GOOD))).strip() == LINE
        assert not fault_injection.zombies(server)


def test_sigterm_lets_admitted_requests_finish(logs: Path) -> None:
    with (
        start_predictor(logs=logs, settings={"OCR_WORKERS": "1"}) as server,
        fault_injection.in_background(4) as background,
    ):
        with fault_injection.paused_workers(server):
            answers = [background.submit(infer, server, fault_injection.PAGE) for _ in range(4)]
            until(lambda: metric(server, "ocr_requests_in_flight") == 4, "four requests")
            server.process.send_signal(signal.SIGTERM)

        status = server.process.wait(60)

        texts = [text_of(fault_injection.answer_of(answer)) for answer in answers]
    assert status == 0
    for text in texts:
        fault_injection.assert_whole(text)
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url)


def test_a_server_that_is_starting_says_so(logs: Path) -> None:
    server = spawn("predictor", logs=logs)
    try:
        fork_server = fault_injection.suspended_fork_server(server)
        with one_connection(server) as client:
            until(lambda: fault_injection.listens(server), "a listening server")
            assert client.get("/v2/health/live").status_code == 200
            assert_refused(client.get("/v2/health/ready"), 503, "starting")
            assert_refused(client.get("/v2/models/ocr-model/ready"), 503, "starting")
            refusal = client.post(INFER, json=v2_body(GOOD))
            assert_refused(refusal, 503, "starting")
            with grpc_stub(server) as stub:
                status, trailing, _ = grpc_refusal(stub.ModelInfer, grpc_request(GOOD))
            assert (status, trailing["ocr-code"]) == ("UNAVAILABLE", "starting")
            assert metric(server, "ocr_startup_duration_seconds", phase="ready") == 0
            fork_server.resume()
            wait_ready(server)
            assert text_of(client.post(INFER, json=v2_body(GOOD))).strip() == LINE
    finally:
        server.stop()


def test_a_server_whose_workers_cannot_start_is_alive_and_not_ready(logs: Path, tmp_path: Path) -> None:
    installed = ModelDirectory.find("").path / "eng.traineddata"
    model = tmp_path / "eng.traineddata"
    model.symlink_to(installed)
    with start_predictor(logs=logs, settings={"OCR_WORKERS": "1", "OCR_TESSDATA": str(tmp_path)}) as server:
        assert_reads(server)
        assert httpx.get(server.url + "/v2/health/ready").status_code == 200

        model.unlink()
        model.write_bytes(b"not a model")
        fault_injection.signal_workers(server, signal.SIGKILL)

        until(lambda: httpx.get(server.url + "/v2/health/ready").status_code == 503, "a server that is not ready")
        until(lambda: "trying again" in server.log_text(), "a worker that does not start")
        assert_refused(httpx.get(server.url + "/v2/health/ready"), 503, "starting")
        assert_refused(httpx.get(server.url + "/v2/models/ocr-model/ready"), 503, "starting")
        assert httpx.get(server.url + "/v2/health/live").status_code == 200

        model.unlink()
        model.symlink_to(installed)

        until(lambda: httpx.get(server.url + "/v2/health/ready").status_code == 200, "a server that is ready again")
        assert_reads(server)


def test_sigterm_during_the_start(logs: Path) -> None:
    server = spawn("predictor", logs=logs)
    fork_server = fault_injection.suspended_fork_server(server)
    until(lambda: fault_injection.listens(server), "a listening server")

    server.process.send_signal(signal.SIGTERM)
    fork_server.resume()

    assert server.process.wait(30) == 0
    until(lambda: not fork_server.is_running(), "the end of the fork server")


def test_a_killed_server_leaves_nothing(logs: Path) -> None:
    server = spawn("predictor", logs=logs)
    wait_ready(server)
    children = server.children()
    assert children

    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()

    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_pages_in_pixels_are_not_copied_to_disk(server: Server) -> None:
    before = fault_injection.temporary_files()

    assert text_of(infer(server, encode(draw_line(size=60)))).strip() == LINE

    assert fault_injection.temporary_files() == before
