"""The servers that are measured: this service and the older one, each on free ports for a block."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ROOT, free_port, start_service

_READY_SECONDS = 60.0
_NOT_FOR_THE_OLDER = ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Running:
    """A system that answers ``POST url`` with a multipart file.

    ``pids`` are the roots of its processes, ``servers`` the addresses of its servers.
    """

    url: str
    pids: tuple[int, ...]
    servers: tuple[str, ...]


@contextmanager
def service(*, logs: Path, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """This service; ``environment`` is added to both servers'."""
    with start_service(logs=logs, transformer=environment, predictor=environment) as running:
        pids = running.transformer.process.pid, running.predictor.process.pid
        yield Running(f"{running.url}/gateway/ocr", pids, (running.transformer.url, running.predictor.url))


@contextmanager
def older(*, logs: Path) -> Iterator[Running]:
    """The older system, with the threads that it lets Tesseract start."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_THE_OLDER}
    model, grpc, gateway = free_port(), free_port(), free_port()
    commands = {
        "model": ["--model_name=ocr-model", f"--http_port={model}", f"--grpc_port={grpc}"],
        "gateway": [f"--port={gateway}", f"--model-url=http://127.0.0.1:{model}"],
    }
    running: list[subprocess.Popen[bytes]] = []
    try:
        for name, arguments in commands.items():
            with (logs / f"older-{name}.log").open("wb") as log:
                command = [sys.executable, "-m", f"benchmarks.legacy.{name}", *arguments]
                running.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
        _wait(f"http://127.0.0.1:{model}/v2/health/ready", running[0])
        _wait(f"http://127.0.0.1:{gateway}/openapi.json", running[1])
        addresses = f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{model}"
        yield Running(f"{addresses[0]}/gateway/ocr", tuple(process.pid for process in running), addresses)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer; the process ended with {process.poll()}")
