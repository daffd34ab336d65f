"""Starting and stopping the two servers as processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0


@dataclass
class Server:
    """One running server."""

    process: subprocess.Popen[bytes]
    port: int
    grpc_port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, *, seconds: float = 30.0) -> int:
        """SIGTERM and wait; the exit status. Fails if any child outlives the server."""
        children = self.children()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive, f"left behind: {alive}"
        return status

    def children(self) -> list[psutil.Process]:
        """Every process below the server."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def log_text(self) -> str:
        return self.log.read_text()


@dataclass
class Service:
    """Transformer and predictor; ``url`` is the transformer's."""

    transformer: Server
    predictor: Server

    @property
    def url(self) -> str:
        return self.transformer.url


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def spawn(
    package: str,
    *arguments: str,
    logs: Path,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
    grpc_port: int | None = None,
) -> Server:
    """Start ``python -m package``; returns at once, ready or not."""
    port, grpc_port = port or free_port(), grpc_port or free_port()
    log = logs / f"{package}-{port}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OCR_")}
    command = [
        *(sys.executable, "-m", package, "--model_name=ocr-model", "--workers=1"),
        *(f"--http_port={port}", f"--grpc_port={grpc_port}", *arguments),
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**clean, **(settings or {})}, stdout=out, stderr=out, start_new_session=True
        )
    return Server(process, port, grpc_port, log)


def wait_ready(server: Server, *, seconds: float = READY_SECONDS) -> None:
    """Wait until the model answers that it is ready; fails with the server's log if it ends or takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise AssertionError(f"ended with {server.process.returncode}:\n{server.log_text()}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/v2/health/ready", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"not ready within {seconds} s:\n{server.log_text()}")


@contextlib.contextmanager
def start_predictor(*, logs: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A ready predictor for the block."""
    server = spawn("predictor", logs=logs, settings=settings)
    try:
        wait_ready(server)
        yield server
    finally:
        end(server)


@contextlib.contextmanager
def start_transformer(
    predictor_port: int, *, logs: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A ready transformer before whatever listens on ``predictor_port``, for the block."""
    server = spawn("transformer", f"--predictor_host=127.0.0.1:{predictor_port}", logs=logs, settings=settings)
    try:
        wait_ready(server)
        yield server
    finally:
        end(server)


@contextlib.contextmanager
def start_service(
    *,
    logs: Path,
    transformer: Mapping[str, str] | None = None,
    predictor: Mapping[str, str] | None = None,
) -> Iterator[Service]:
    """Both servers for the block; the keyword arguments are their settings."""
    reader = spawn("predictor", logs=logs, settings=predictor)
    front = spawn("transformer", f"--predictor_host=127.0.0.1:{reader.port}", logs=logs, settings=transformer)
    try:
        wait_ready(reader)
        wait_ready(front)
        yield Service(front, reader)
    finally:
        end(front)
        end(reader)


def end(server: Server) -> None:
    """Stop a server that may have ended already."""
    if server.process.poll() is None:
        server.stop()
