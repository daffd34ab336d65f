"""A cold start wakes the predictor before anything heavy is imported, and never has two requests open there.

The stub stands for Knative's activator: it holds every request until a pod would be ready, and counts those it holds.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.drawn_pages import draw_line, encode
from tools.local_stack import Server, end, spawn_transformer, wait_ready
from transformer.wake_up import HOLD_SECONDS, SETTING, wake_predictor


class Activator(socketserver.ThreadingTCPServer):
    """Holds requests until ``ready`` is set; then answers 503, which ends them."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Held)
        self.ready = threading.Event()
        self.arrived = threading.Condition()
        self.requests: list[str] = []
        self.open = self.most = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def count(self, change: int, line: str = "") -> None:
        """Note a request that arrived or ended."""
        with self.arrived:
            self.open += change
            self.most = max(self.most, self.open)
            self.requests += [line] if line else []
            self.arrived.notify_all()

    def wait_for(self, number: int) -> None:
        """Until that many requests have arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= number, timeout=60), self.requests


class _Held(socketserver.StreamRequestHandler):
    server: Activator

    def handle(self) -> None:
        line = self.rfile.readline().decode().strip()
        if not line:
            return
        self.server.count(1, line)
        try:
            self.connection.settimeout(0.02)
            while not self.server.ready.is_set():
                try:
                    if not self.connection.recv(65536):
                        return  # the client hung up
                except TimeoutError:
                    continue
            self.wfile.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except OSError:
            return
        finally:
            self.server.count(-1)


@pytest.fixture
def activator() -> Iterator[Activator]:
    with Activator() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.ready.set()
        server.shutdown()
        thread.join()


@contextmanager
def starting(activator: Activator, logs: Path, **settings: str) -> Iterator[Server]:
    """A transformer whose process was just started."""
    server = spawn_transformer(int(activator.address.partition(":")[2]), logs=logs, settings=settings)
    try:
        yield server
    finally:
        end(server)


STOPPED_IMPORTS = """
import pathlib, sys, time
HEAVY = {"kserve", "kserve_ocr.settings", "msgspec", "numpy"}
class Stop:
    def find_spec(self, name, path=None, target=None):
        while name in HEAVY and not pathlib.Path(RELEASED).exists():
            time.sleep(0.01)
sys.meta_path.insert(0, Stop())
"""
"""A ``sitecustomize`` that stops every import of something heavy until a file exists."""


def test_the_request_leaves_before_anything_heavy_is_imported(activator: Activator, tmp_path: Path) -> None:
    released = tmp_path / "released"
    (tmp_path / "sitecustomize.py").write_text(f"RELEASED = {str(released)!r}\n{STOPPED_IMPORTS}")
    with starting(activator, tmp_path, PYTHONPATH=str(tmp_path)) as server:
        try:
            activator.wait_for(1)
            assert activator.requests == ["GET /v2/health/ready HTTP/1.1"]
        finally:
            released.touch()
        wait_ready(server)


def test_a_cold_request_is_one_request_at_a_time_at_the_predictor(activator: Activator, tmp_path: Path) -> None:
    with starting(activator, tmp_path, OCR_REQUEST_SECONDS="2") as server:
        activator.wait_for(1)
        wait_ready(server)
        assert activator.open == 0, "the wake-up call was still held"
        page = encode(draw_line())
        response = httpx.post(f"{server.url}/gateway/ocr", files={"image_file": page}, timeout=30)
        assert response.status_code in (502, 503, 504)
        infer = [line for line in activator.requests if "/infer" in line]
        assert infer
        assert activator.most == 1, activator.requests


def test_it_can_be_switched_off(activator: Activator, tmp_path: Path) -> None:
    with starting(activator, tmp_path, OCR_WAKE_PREDICTOR="false") as server:
        wait_ready(server)
        assert activator.requests == []


@pytest.mark.parametrize("arguments", [["--predictor_host={}"], ["--workers=1", "--predictor_host", "{}"]])
def test_the_call_ends_by_itself(activator: Activator, arguments: list[str]) -> None:
    thread = wake_predictor([argument.format(activator.address) for argument in arguments], {})
    assert thread
    activator.wait_for(1)
    thread.join(HOLD_SECONDS + 30)
    assert not thread.is_alive()
    with activator.arrived:
        assert activator.arrived.wait_for(lambda: activator.open == 0, timeout=30)


def test_an_answer_ends_it_at_once(activator: Activator) -> None:
    activator.ready.set()
    thread = wake_predictor([f"--predictor_host={activator.address}"], {})
    assert thread
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("host", ["127.0.0.1:1", "127.0.0.1:port", "no-such-host.invalid"])
def test_a_predictor_that_cannot_be_reached_does_not_hold_up_the_start(host: str) -> None:
    thread = wake_predictor([f"--predictor_host={host}"], {})
    assert thread
    thread.join(30)
    assert not thread.is_alive()


def test_a_name_that_resolves_slowly_does_not_hold_up_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = threading.Event()

    def connect(*_: object, **__: object) -> socket.socket:
        assert resolved.wait(30)
        raise OSError

    monkeypatch.setattr("socket.create_connection", connect)
    thread = wake_predictor(["--predictor_host=slow.example.com"], {})
    assert thread
    assert thread.is_alive()
    resolved.set()
    thread.join(30)


@pytest.mark.parametrize("value", ["false", "0", "OFF", " no "])
def test_nothing_to_wake(value: str) -> None:
    assert wake_predictor(["--predictor_host=x"], {SETTING: value}) is None
    assert wake_predictor(["--http_port=8080"], {}) is None


def test_no_arguments_name_no_predictor() -> None:
    assert wake_predictor([], {}) is None
