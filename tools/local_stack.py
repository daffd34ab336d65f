"""Start, wait for and stop both servers as processes: the launcher of ``make run``, the tests and the benchmarks."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Required, TypedDict, Unpack

import psutil

ROOT = Path(__file__).resolve().parent.parent
_PORTS = (12_000, 32_000)
_MOST_TRIES = 200
READY_SECONDS = 60.0
STOP_SECONDS = 40.0
"""Longer than the servers' own drain time by default."""
_POLL_SECONDS = 0.05
_LOG_LINES = 15


class LaunchError(Exception):
    """A process did not start, answer or end as it should; the message says why and what to do."""


@dataclass
class Endpoint:
    """Where a server listens on this machine."""

    port: int
    grpc_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Server(Endpoint):
    """One running server."""

    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, *, seconds: float = 30.0) -> int:
        """SIGTERM and wait; the exit status. Raises LaunchError if any child outlives the server."""
        children = self.children()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        _, alive = psutil.wait_procs(children, timeout=5)
        if alive:
            raise LaunchError(f"processes left behind: {alive}")
        return status

    def children(self) -> list[psutil.Process]:
        """Every process below the server."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Service:
    """Transformer and predictor; ``url`` is the transformer's."""

    transformer: Server
    predictor: Server

    @property
    def url(self) -> str:
        return self.transformer.url


def free_port() -> int:
    """A TCP port that nothing listens on.

    Below the range from which the kernel takes ports of outgoing connections, one of which could be given the port
    before a server listens on it.
    """
    for _ in range(_MOST_TRIES):
        port = random.randrange(*_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise LaunchError(f"none of {_MOST_TRIES} ports was free")


def start_process(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, root: Path = ROOT
) -> subprocess.Popen[bytes]:
    """Start a command in ``root``, a checkout of the repository; its output goes to ``log``.

    It gets a session of its own, so that Ctrl-C reaches it only through us and in order, and SIGTERM from the kernel
    when the thread that starts it ends, so that it never outlives a launcher that was killed.
    """
    guarded = [*_die_with(os.getpid()), *command]
    with log.open("wb") as out:
        return subprocess.Popen(guarded, cwd=root, env=environment, stdout=out, stderr=out, start_new_session=True)


def _die_with(parent: int) -> list[str]:
    """The commands that tie the one after them to its parent. None where ``setpriv`` (util-linux) is missing.

    A ``preexec_fn`` could deadlock in a process with threads. The shell checks that the parent did not end before the
    kernel was told.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    return [setpriv, "--pdeathsig", "TERM", "sh", "-c", f'[ "$PPID" = {parent} ] && exec "$@"', "sh"]


class ServerOptions(TypedDict, total=False):
    """How a server is started."""

    logs: Required[Path]
    """The folder for its log."""
    settings: Mapping[str, str] | None
    port: int | None
    grpc_port: int | None
    root: Path
    """The checkout whose code is run; this one by default."""


def spawn(package: str, *arguments: str, **options: Unpack[ServerOptions]) -> Server:
    """Start ``python -m package``; returns at once, ready or not.

    ``settings`` are added to the environment, from which the ``OCR_`` variables of this process are taken out.
    """
    port, grpc_port = options.get("port") or free_port(), options.get("grpc_port") or free_port()
    log = options["logs"] / f"{package}-{port}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OCR_")}
    command = [
        *(sys.executable, "-m", package, "--model_name=ocr-model", "--workers=1"),
        *(f"--http_port={port}", f"--grpc_port={grpc_port}", *arguments),
    ]
    environment = {**clean, **(options.get("settings") or {})}
    process = start_process(command, log=log, environment=environment, root=options.get("root", ROOT))
    return Server(port, grpc_port, process, log)


def spawn_transformer(predictor_port: int, **options: Unpack[ServerOptions]) -> Server:
    """Start a transformer that sends pages to ``predictor_port``; returns at once, ready or not."""
    return spawn("transformer", f"--predictor_host=127.0.0.1:{predictor_port}", **options)


def is_ready(url: str) -> bool:
    """Whether ``url`` answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except (OSError, http.client.HTTPException):
        return False


def wait_ready(server: Server, *, seconds: float = READY_SECONDS, pause: Callable[[float], None] = time.sleep) -> None:
    """Wait until the model is ready. Raises LaunchError with the end of the log if the server ends or is late."""
    wait_until_answered(server.process, f"{server.url}/v2/health/ready", log=server.log, seconds=seconds, pause=pause)


def wait_until_answered(
    process: subprocess.Popen[bytes],
    url: str,
    *,
    log: Path,
    seconds: float = READY_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until ``url`` answers with 200. Raises LaunchError with the end of the log if the process ends first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise LaunchError(f"the server at {url} ended with status {process.returncode}:\n{tail(log)}")
        if is_ready(url):
            return
        pause(_POLL_SECONDS)
    raise LaunchError(f"{url} was not ready after {seconds:.0f} s:\n{tail(log)}")


def tail(log: Path, lines: int = _LOG_LINES) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def stop_processes(processes: Sequence[subprocess.Popen[bytes]], *, seconds: float = STOP_SECONDS) -> None:
    """SIGTERM to each in turn, with time to drain; SIGKILL to one that takes longer."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _ready(server: Server) -> Iterator[Server]:
    try:
        wait_ready(server)
        yield server
    finally:
        end(server)


@contextlib.contextmanager
def start_predictor(*, logs: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A ready predictor for the block."""
    with _ready(spawn("predictor", logs=logs, settings=settings)) as server:
        yield server


@contextlib.contextmanager
def start_transformer(
    predictor_port: int, *, logs: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A ready transformer before whatever listens on ``predictor_port``, for the block."""
    with _ready(spawn_transformer(predictor_port, logs=logs, settings=settings)) as server:
        yield server


@contextlib.contextmanager
def start_service(
    *,
    logs: Path,
    transformer: Mapping[str, str] | None = None,
    predictor: Mapping[str, str] | None = None,
    root: Path = ROOT,
) -> Iterator[Service]:
    """Both servers for the block, of the checkout in ``root``; the other keyword arguments are their settings."""
    back = spawn("predictor", logs=logs, settings=predictor, root=root)
    front = spawn_transformer(back.port, logs=logs, settings=transformer, root=root)
    with contextlib.ExitStack() as servers:
        for server in (back, front):
            servers.callback(end, server)
        wait_ready(back)
        wait_ready(front)
        yield Service(front, back)


def end(server: Server) -> None:
    """Stop a server that may have ended already."""
    if server.process.poll() is None:
        server.stop()
