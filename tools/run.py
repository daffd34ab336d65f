"""``make run``: both servers, a sample page sent with curl, and service until Ctrl-C."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from tools.foreground import StopSignals, check_free, port, run_in_foreground
from tools.local_stack import (
    ROOT,
    LaunchError,
    Server,
    ServerOptions,
    spawn,
    spawn_transformer,
    stop_processes,
    wait_ready,
)

PORTS = {
    "TRANSFORMER_PORT": 8001,
    "PREDICTOR_PORT": 8080,
    "TRANSFORMER_GRPC_PORT": 8081,
    "PREDICTOR_GRPC_PORT": 8082,
}
"""Environment variables and their defaults."""
_POLL_SECONDS = 0.5
_REPORT_SECONDS = 3.0


def start_servers(ports: Mapping[str, int], *, logs: Path) -> Iterator[Server]:
    """The predictor, then the transformer, started and not ready yet."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("OCR_")}
    predictor, transformer = (
        ServerOptions(logs=logs, settings=settings, port=ports[f"{name}_PORT"], grpc_port=ports[f"{name}_GRPC_PORT"])
        for name in ("PREDICTOR", "TRANSFORMER")
    )
    yield spawn("predictor", **predictor)
    yield spawn_transformer(ports["PREDICTOR_PORT"], **transformer)


def wait_and_report(server: Server, signals: StopSignals) -> None:
    """Wait until the server is ready; says so every few seconds. Raises LaunchError or StopRequested."""
    reported = time.monotonic()

    def pause(seconds: float) -> None:
        nonlocal reported
        signals.pause(seconds)
        if time.monotonic() - reported > _REPORT_SECONDS:
            print(f"  still waiting for {server.url} …", flush=True)
            reported = time.monotonic()

    wait_ready(server, pause=pause)


def upload_command(image: Path, url: str) -> list[str]:
    """The curl command that uploads a file."""
    path = str(image.absolute())
    if any(character in path for character in ',;"\\'):  # curl would take them for the end of the name
        path = '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return ["curl", "-sS", "-F", f"image_file=@{path}", url]


def read_sample(command: Sequence[str], signals: StopSignals) -> str:
    """The text that the curl command gets. Raises LaunchError with the response if there is none, or StopRequested."""
    print(f"\n$ {shlex.join(command)}", flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as curl:
        try:
            response, errors = _communicate(curl, signals)
        finally:
            curl.kill()
    if curl.returncode != 0:
        raise LaunchError(f"curl ended with status {curl.returncode}: {errors.strip()}")
    try:
        text = str(orjson.loads(response)["outputs"][0]["data"][0])
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        raise LaunchError(f"the response was {response[:500]}") from None
    if not text.strip():
        raise LaunchError("no text was found on the page; try another one: make run IMAGE=path")
    return text


def _communicate(process: subprocess.Popen[str], signals: StopSignals) -> tuple[str, str]:
    while True:
        try:
            output, errors = process.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            signals.check()
        else:
            signals.check()  # Ctrl-C in a terminal has ended curl as well
            return output, errors


def usage(ports: Mapping[str, int]) -> str:
    """The lines that say what can be done now."""
    base = f"http://localhost:{ports['TRANSFORMER_PORT']}"
    gateway = f"{base}/gateway/ocr"
    return f"""
Serving. In another terminal:
  curl -F image_file=@img.png {gateway}
  curl -F image_file=@scan.pdf -H 'Accept: text/plain' '{gateway}?lang=eng&pages=1-3'
  curl -F image_file=@scan.pdf -H 'Accept: application/pdf' {gateway} -o searchable.pdf
In a browser: {base}/gateway/
V2 inference: POST {base}/v2/models/ocr-model/infer (predictor alone: port {ports["PREDICTOR_PORT"]})
Ctrl-C stops both servers."""


def sample_image() -> Path:
    """The file to read first. Raises LaunchError if there is none."""
    image = Path(os.environ.get("IMAGE") or ROOT / "samples" / "letter.png")
    if not image.is_file():
        raise LaunchError(f"there is no file {image}; name one with make run IMAGE=path")
    return image


def serve(signals: StopSignals) -> None:
    """Start, read the sample, serve. Raises LaunchError, or StopRequested when asked to stop."""
    ports = {variable: port(variable, default) for variable, default in PORTS.items()}
    image = sample_image()
    for variable, number in ports.items():
        check_free(number, variable, "run")
    logs = ROOT / "build" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    print(
        f"Starting the predictor on {ports['PREDICTOR_PORT']} and the transformer on {ports['TRANSFORMER_PORT']} "
        "(logs in build/logs)",
        flush=True,
    )
    running: list[Server] = []
    try:
        running.extend(start_servers(ports, logs=logs))
        for server in running:
            wait_and_report(server, signals)
        url = f"http://localhost:{ports['TRANSFORMER_PORT']}/gateway/ocr"
        print(read_sample(upload_command(image, url), signals))
        if os.environ.get("ONESHOT") in {None, "", "0"}:
            print(usage(ports), flush=True)
            while all(server.process.poll() is None for server in running):
                signals.pause(_POLL_SECONDS)
            raise LaunchError("a server ended by itself; its log is in build/logs")
    finally:
        stop_processes([server.process for server in reversed(running)])


if __name__ == "__main__":
    sys.exit(run_in_foreground(serve, "run"))
