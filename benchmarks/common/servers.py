"""The servers that are measured: this service and the older one, each on free ports for a block."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.local_stack import ROOT, free_port, start_process, start_service, stop_processes, wait_until_answered

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
def service(*, logs: Path, environment: Mapping[str, str] | None = None, root: Path = ROOT) -> Iterator[Running]:
    """This service, or that of another checkout; ``environment`` is added to both servers'."""
    with start_service(logs=logs, transformer=environment, predictor=environment, root=root) as running:
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
            command = [sys.executable, "-m", f"benchmarks.legacy.{name}", *arguments]
            running.append(start_process(command, log=logs / f"older-{name}.log", environment=environment))
        wait_until_answered(running[0], f"http://127.0.0.1:{model}/v2/health/ready", log=logs / "older-model.log")
        wait_until_answered(running[1], f"http://127.0.0.1:{gateway}/openapi.json", log=logs / "older-gateway.log")
        addresses = f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{model}"
        yield Running(f"{addresses[0]}/gateway/ocr", tuple(process.pid for process in running), addresses)
    finally:
        stop_processes(running)
