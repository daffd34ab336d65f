"""The running transformer under real faults, its own and the predictor's."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import fault_injection
from tests.support.drawn_pages import LINE, draw_line, encode_frames, v2_body
from tests.support.http_calls import (
    GATEWAY,
    GOOD,
    INFER,
    assert_reads,
    assert_refused,
    infer,
    metric,
    one_connection,
    text_of,
    until,
    upload,
)
from tools.local_stack import Service, spawn, start_predictor, start_service, start_transformer, wait_ready


@pytest.fixture(scope="module")
def running(logs: Path) -> Iterator[Service]:
    """A transformer that takes two requests at once, before a predictor with one worker and no queue."""
    before = fault_injection.temporary_files()
    settings = {"OCR_MAX_REQUESTS": "2", "OCR_DECODE_WORKERS": "1", "OCR_REQUEST_SECONDS": "60"}
    settings |= fault_injection.VISIBLE
    predictor = {"OCR_WORKERS": "1", "OCR_MAX_QUEUE": "0"} | fault_injection.VISIBLE
    with start_service(logs=logs, transformer=settings, predictor=predictor) as service:
        yield service
    assert fault_injection.temporary_files() <= before


@pytest.fixture
def both(running: Service) -> Iterator[Service]:
    """The same, which after every test must read, and hold neither a zombie nor a file more than before."""
    with fault_injection.unharmed(running.transformer, settle=lambda: settle(running)):
        yield running


def settle(service: Service) -> None:
    """Wait until nothing is under way in either server."""
    fault_injection.until_idle(service.predictor)
    until(lambda: metric(service.transformer, "ocr_requests_in_flight") == 0, "an idle transformer")


def test_a_predictors_worker_killed_over_a_page(both: Service) -> None:
    with fault_injection.in_background() as background:
        with fault_injection.paused_workers(both.predictor):
            answer = background.submit(upload, both.transformer, fault_injection.PAGE, preprocess="none", orient="none")
            fault_injection.until_busy(both.predictor)
            fault_injection.signal_workers(both.predictor, signal.SIGKILL)

        fault_injection.assert_whole(text_of(fault_injection.answer_of(answer)))


def test_pages_wait_for_a_predictor_that_is_full(both: Service) -> None:
    """Its 503 is for the transformer to bear, not for the client."""
    document = encode_frames([draw_line(f"Page {number} of six") for number in range(1, 7)])

    pages = text_of(upload(both.transformer, document)).split("\f")

    assert [page.split()[1] for page in pages] == [str(number) for number in range(1, 7)]


def test_more_requests_than_places(both: Service) -> None:
    fault_injection.assert_overload_is_told(both.transformer)


def test_overload_is_told_by_every_protocol(both: Service) -> None:
    with fault_injection.in_background(2) as background:
        with fault_injection.paused_workers(both.predictor):
            answers = [background.submit(infer, both.transformer, GOOD) for _ in range(2)]
            until(lambda: metric(both.transformer, "ocr_requests_in_flight") == 2, "two requests")
            fault_injection.until_busy(both.predictor)
            with one_connection(both.transformer) as client:
                assert_refused(client.post(GATEWAY, files={"image_file": GOOD}), 503, "overloaded")
                assert_refused(client.post(INFER, json=v2_body(GOOD)), 503, "overloaded")
            fault_injection.assert_overload_is_told_by_grpc(both.transformer)
        assert all(text_of(fault_injection.answer_of(answer)).strip() == LINE for answer in answers)


def test_a_client_that_goes_away_frees_the_predictors_worker(both: Service) -> None:
    gone = metric(both.predictor, "ocr_worker_restarts_total", reason="cancelled")
    with (
        fault_injection.paused_workers(both.predictor),
        socket.create_connection(("127.0.0.1", both.transformer.port)) as connection,
    ):
        connection.sendall(fault_injection.head(GATEWAY, len(GOOD)) + GOOD)
        fault_injection.until_busy(both.predictor)

    until(
        lambda: metric(both.predictor, "ocr_worker_restarts_total", reason="cancelled") == gone + 1,
        "the end of the page at the predictor",
    )


def test_refused_requests_leave_no_page_in_memory(both: Service) -> None:
    """Pages lie in memory files, which the fixture counts; a failure must not keep them until a collection."""
    documents = (fault_injection.PAGE, fault_injection.PAGE, GOOD)
    for _ in range(3):
        assert_refused(infer(both.transformer, *documents, parameters={"lang": "tlh"}), 400, "invalid_parameter")
        assert_refused(infer(both.transformer, fault_injection.PAGE, b"no image"), 415, "unsupported_document")
        assert_refused(infer(both.predictor, fault_injection.PAGE, parameters={"budget_ms": 1}), 504, "timed_out")


@pytest.mark.parametrize("sent", [0, 100, 5000], ids=["nothing", "a little", "half"])
def test_an_upload_that_never_ends(both: Service, sent: int) -> None:
    with socket.create_connection(("127.0.0.1", both.transformer.port)) as slow:
        slow.sendall(fault_injection.head(GATEWAY, len(fault_injection.PAGE)) + fault_injection.PAGE[:sent])
        assert text_of(upload(both.transformer, GOOD)).strip() == LINE

    until(lambda: metric(both.transformer, "ocr_requests_in_flight") == 0, "the end of the request")


def test_killed_decoders_are_replaced(both: Service) -> None:
    killed = fault_injection.workers(both.transformer)

    for decoder in killed:
        decoder.kill()

    until(lambda: len(set(fault_injection.workers(both.transformer)) - set(killed)) == len(killed), "other ones")
    assert_reads(both.transformer)


def test_a_predictor_that_stands_still(logs: Path, both: Service) -> None:
    """The client is told within the request's time, and served again when the predictor goes on."""
    settings = {"OCR_REQUEST_SECONDS": "1", "OCR_DECODE_WORKERS": "1"}
    with start_transformer(both.predictor.port, logs=logs, settings=settings) as transformer:
        both.predictor.process.send_signal(signal.SIGSTOP)
        try:
            assert_refused(infer(transformer, GOOD), 504, "timed_out")
        finally:
            both.predictor.process.send_signal(signal.SIGCONT)
        assert_reads(transformer)


def test_a_predictor_killed_and_started_again_under_a_page(logs: Path) -> None:
    """Reading changes nothing, so a page whose connection broke is sent again."""
    with start_predictor(logs=logs) as first, start_transformer(first.port, logs=logs) as transformer:
        with fault_injection.in_background() as background:
            with fault_injection.paused_workers(first):
                answer = background.submit(infer, transformer, fault_injection.PAGE)
                fault_injection.until_busy(first)
                first.process.kill()
                first.process.wait()
            second = spawn("predictor", logs=logs, port=first.port)
            try:
                fault_injection.assert_whole(text_of(fault_injection.answer_of(answer)))
            finally:
                wait_ready(second)
                second.stop()
        assert metric(transformer, "ocr_page_retries_total", reason="connection") >= 1


def test_sigterm_lets_admitted_requests_finish(logs: Path) -> None:
    with (
        start_service(logs=logs, predictor={"OCR_WORKERS": "1"}) as service,
        fault_injection.in_background(2) as background,
    ):
        with fault_injection.paused_workers(service.predictor):
            uploads = [background.submit(upload, service.transformer, fault_injection.PAGE) for _ in range(2)]
            until(lambda: metric(service.transformer, "ocr_requests_in_flight") == 2, "two requests")
            fault_injection.until_busy(service.predictor)
            service.transformer.process.send_signal(signal.SIGTERM)

        assert service.transformer.process.wait(60) == 0
        assert service.predictor.stop() == 0

        for answer in uploads:
            fault_injection.assert_whole(text_of(fault_injection.answer_of(answer)))


def test_sigterm_during_the_start(logs: Path) -> None:
    server = spawn("transformer", "--predictor_host=127.0.0.1:9", logs=logs)
    fork_server = fault_injection.suspended_fork_server(server)
    until(lambda: fault_injection.listens(server), "a listening server")

    server.process.send_signal(signal.SIGTERM)
    fork_server.resume()

    assert server.process.wait(30) == 0
    until(lambda: not fork_server.is_running(), "the end of the fork server")
