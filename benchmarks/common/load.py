"""The load: wrk, which costs a fraction of a millisecond of CPU a request, driven by ``load.lua``."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.usage import cpu_seconds_of_ended

SCRIPT = Path(__file__).with_suffix(".lua")
_BOUNDARY = "----benchmark-boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"
_RUN = "3600s"
_PATIENCE = 900
_ANSWER = "300s"
"""wrk keeps eight bytes a microsecond of this; calloc leaves most of them unused."""


class LoadError(RuntimeError):
    """Requests failed, or wrk is missing; the message says which."""


@dataclass(frozen=True)
class Load:
    """What one run of requests took; times in seconds, ``cpu_seconds`` is the load generator's own."""

    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float
    longest: float
    cpu_seconds: float


def multipart(file: bytes) -> bytes:
    """The body that ``curl -F image_file=@file`` sends."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="image_file"; filename="image"\r\n'
    return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + file + f"\r\n--{_BOUNDARY}--\r\n".encode()


def run(url: str, files: Sequence[bytes], *, clients: int, requests: int) -> Load:
    """Send ``requests`` requests, the files in turn, from ``clients`` connections that each wait for their answer.

    Raises LoadError if any is not answered 200.
    """
    program = shutil.which("wrk")
    if program is None:
        raise LoadError("wrk is not installed; apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="load-") as directory:
        bodies = []
        for number, file in enumerate(files):
            path = Path(directory) / f"{number}.body"
            path.write_bytes(multipart(file))
            bodies.append(str(path))
        connections = min(clients, requests)
        command = [program, "-t1", f"-c{connections}", f"-d{_RUN}", "--timeout", _ANSWER, "-s", str(SCRIPT), url]
        cpu = -cpu_seconds_of_ended()
        try:
            done = subprocess.run(
                [*command, "--", str(requests), *bodies], capture_output=True, text=True, check=False, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired:
            raise LoadError(f"requests were lost at {url}: not all are answered after {_PATIENCE} s") from None
        cpu += cpu_seconds_of_ended()
    return parse(done.stdout + done.stderr, url=url, cpu_seconds=cpu)


def parse(output: str, *, url: str, cpu_seconds: float) -> Load:
    """What ``load.lua`` printed. Raises LoadError if a request failed."""
    summary = re.search(r"^REQUESTS (\d+) (\d+) ([\d.]+) (.*)$", output, re.MULTILINE)
    latency = re.search(r"^LATENCY (\d+) (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    if summary is None or latency is None:
        raise LoadError(f"wrk did not finish at {url}: {output[-500:]}")
    if int(summary[2]):
        raise LoadError(f"{summary[2]} of {summary[1]} requests failed at {url}: {summary[4]}")
    p50, p95, p99, longest = (int(value) / 1e6 for value in latency.groups())
    return Load(int(summary[1]), float(summary[3]), p50, p95, p99, longest, cpu_seconds)
