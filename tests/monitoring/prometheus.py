"""A real Prometheus for the tests, and pods of Knative's played from recordings."""

from __future__ import annotations

import contextlib
import math
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tools.local_prometheus import Target, executable, write
from tools.local_stack import free_port

RECORDED = Path(__file__).with_name("recorded")
_SAMPLE = re.compile(r"(?P<series>(?P<name>[a-zA-Z_:][\w:]*)(?:\{.*\})?) (?P<value>\S+)\Z")
_PART = re.compile(r"_(bucket|sum|count)\Z")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One running server."""

    url: str

    def get(self, path: str, **parameters: Any) -> Any:
        """The data of an answer of the HTTP API; fails on an error."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, query: str) -> list[float]:
        """The values that an instant query finds now, NaN left out."""
        found = (float(series["value"][1]) for series in self.get("query", query=query)["result"])
        return [value for value in found if not math.isnan(value)]

    def wait_for(self, query: str, *, seconds: float = 40.0) -> list[float]:
        """The values of a query once there are any; empty if none come in time."""
        end = time.monotonic() + seconds
        while not (found := self.values(query)) and time.monotonic() < end:
            time.sleep(0.5)
        return found


@contextlib.contextmanager
def start_prometheus(directory: Path, targets: Sequence[Target]) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the targets every second, for the block."""
    port = free_port()
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                executable("prometheus") or "prometheus",
                f"--config.file={write(directory, targets, seconds=1)}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, url, directory / "prometheus.log")
        yield Prometheus(url)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/-/ready", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"Prometheus did not become ready:\n{log.read_text()}")


def advanced(text: str, scrapes: int) -> str:
    """A recording after more scrapes: counters and histograms have grown, gauges stand."""
    kinds = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE ")}
    lines = []
    for line in text.splitlines():
        found = _SAMPLE.match(line)
        if found and (kinds.get(found["name"]) or kinds[_PART.sub("", found["name"])]) != "gauge":
            lines.append(f"{found['series']} {float(found['value']) * (1 + scrapes)}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def play_recordings() -> Iterator[str]:
    """Serve ``/<name>`` of every recording for the block, counters growing from scrape to scrape; the address."""
    scrapes: dict[str, int] = {}

    class Player(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the base class's spelling
            scrapes[self.path] = scrapes.get(self.path, 0) + 1
            body = advanced((RECORDED / f"{self.path[1:]}.prom").read_text(), scrapes[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Player) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def knative_targets(address: str, *, autoscaler: str = "autoscaler") -> list[Target]:
    """The recordings as scrape targets."""
    return [
        *(
            Target(address, component, "queue-proxy", f"ocr-{component}-00001", f"/queue-proxy-{component}")
            for component in ("transformer", "predictor")
        ),
        Target(address, "", "autoscaler", "", f"/{autoscaler}"),
        Target(address, "", "activator", "", "/activator"),
    ]
