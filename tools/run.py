"""``make run``: both servers, a sample read by the older system's own curl command, and service until Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import orjson

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60.0
STOP_SECONDS = 40.0
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


class GivingUp(Exception):  # noqa: N818  # not an error of the program's
    """What stands in the way, and what to do about it."""


def port(variable: str, default: int) -> int:
    """The port that the variable names. Raises GivingUp if it is none."""
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise GivingUp(f"{variable}={text} is not a port; use a number from 1 to 65535")
    return int(text)


def check_free(number: int, variable: str) -> None:
    """Raise GivingUp if something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", number))
        except OSError:
            raise GivingUp(
                f"port {number} is in use; stop what uses it, or choose another one: make run {variable}=…"
            ) from None


def start(package: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """A server in a process group of its own, so that Ctrl-C reaches it through us and in order."""
    command = [sys.executable, "-m", package, "--model_name=ocr-model", "--workers=1", *arguments]
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)


def wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait for the server's model. Raises GivingUp with the end of its log if it ends or takes too long."""
    begin = time.monotonic()
    shown = begin
    while time.monotonic() - begin < READY_SECONDS:
        if process.poll() is not None:
            raise GivingUp(f"the server at {url} ended with status {process.returncode}:\n{tail(log)}")
        try:
            with urllib.request.urlopen(f"{url}/v2/health/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if time.monotonic() - shown > 3:
            print(f"  still waiting for {url} …", flush=True)
            shown = time.monotonic()
        time.sleep(0.05)
    raise GivingUp(f"{url} was not ready after {READY_SECONDS:.0f} s:\n{tail(log)}")


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def read_sample(command: Sequence[str]) -> str:
    """The text that the curl command gets. Raises GivingUp with the answer if there is none."""
    print(f"\n$ {shlex.join(command)}", flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GivingUp(f"curl ended with status {done.returncode}: {done.stderr.strip()}")
    try:
        text = str(orjson.loads(done.stdout)["outputs"][0]["data"][0])
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        raise GivingUp(f"the answer was {done.stdout[:500]}") from None
    if not text.strip():
        raise GivingUp("no text was found on the page; try another one: make run IMAGE=path")
    return text


def how_to_call(transformer: int, predictor: int) -> str:
    """The lines that say what can be done now."""
    gateway = f"http://localhost:{transformer}/gateway/ocr"
    return f"""
Serving. In another terminal:
  curl -F image_file=@img.png {gateway}
  curl -F image_file=@scan.pdf -H 'Accept: text/plain' '{gateway}?lang=eng&pages=1-3'
  curl -F image_file=@scan.pdf -H 'Accept: application/pdf' {gateway} -o searchable.pdf
In a browser: http://localhost:{transformer}/gateway/
V2 inference: POST http://localhost:{transformer}/v2/models/ocr-model/infer (predictor alone: port {predictor})
Ctrl-C stops both servers."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put an interruption off to the end of the block: no server may be forgotten between its start and its stop."""
    came = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True

    handlers = {number: signal.signal(number, remember) for number in INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


@undisturbed()
def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Let each server drain, the transformer first, since it still needs the predictor."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def serve() -> None:
    """The main job. Raises GivingUp, or KeyboardInterrupt when asked to stop."""
    transformer, predictor = port("TRANSFORMER_PORT", 8001), port("PREDICTOR_PORT", 8080)
    transformer_grpc, predictor_grpc = port("TRANSFORMER_GRPC_PORT", 8081), port("PREDICTOR_GRPC_PORT", 8082)
    image = Path(os.environ.get("IMAGE") or ROOT / "samples" / "letter.png")
    if not image.is_file():
        raise GivingUp(f"there is no file {image}; name one with make run IMAGE=path")
    for number, variable in (
        (transformer, "TRANSFORMER_PORT"),
        (predictor, "PREDICTOR_PORT"),
        (transformer_grpc, "TRANSFORMER_GRPC_PORT"),
        (predictor_grpc, "PREDICTOR_GRPC_PORT"),
    ):
        check_free(number, variable)
    logs = ROOT / "build" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    running: list[subprocess.Popen[bytes]] = []
    try:
        print(f"Starting the predictor on {predictor} and the transformer on {transformer} (logs in build/logs)")
        for package, number, grpc, more in (
            ("predictor", predictor, predictor_grpc, []),
            ("transformer", transformer, transformer_grpc, [f"--predictor_host=localhost:{predictor}"]),
        ):
            ports = [f"--http_port={number}", f"--grpc_port={grpc}"]
            with undisturbed():
                running.insert(0, start(package, *ports, *more, log=logs / f"{package}.log"))
        for process, package, number in zip(
            reversed(running), ("predictor", "transformer"), (predictor, transformer), strict=True
        ):
            wait_ready(process, f"http://localhost:{number}", logs / f"{package}.log")
        gateway = f"http://localhost:{transformer}/gateway/ocr"
        print(read_sample(["curl", "-sS", "-F", f"image_file=@{image}", gateway]))
        if os.environ.get("ONESHOT") in {None, "", "0"}:
            print(how_to_call(transformer, predictor), flush=True)
            while all(process.poll() is None for process in running):
                time.sleep(0.5)
            raise GivingUp("a server ended by itself; its log is in build/logs")
    finally:
        stop(running)


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM stops as Ctrl-C does, which must work in a script's background too, where shells have SIGINT ignored."""
    raise KeyboardInterrupt


def main(job: Callable[[], None], target: str) -> int:
    """Run the job of a make target until it ends or is interrupted; the exit status."""
    for number in INTERRUPTIONS:
        signal.signal(number, interrupt)
    try:
        job()
    except GivingUp as reason:
        print(f"make {target}: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main(serve, "run"))
