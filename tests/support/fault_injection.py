"""Inject faults into a running server, and check that no trace of them remains."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from tests.support.drawn_pages import LINE, draw_page, encode
from tests.support.http_calls import (
    GATEWAY,
    GOOD,
    INFER,
    assert_reads,
    assert_refused,
    grpc_refusal,
    grpc_request,
    grpc_stub,
    infer,
    metric,
    text_of,
    until,
)
from tools.local_stack import Endpoint, Server

_SENTENCE = "the quick brown fox jumps over a lazy dog that does not even look back at its own shadow"
_WORDS = _SENTENCE.split()
LINES = tuple(f"Line {number} " + " ".join(_WORDS[number % 7 :][:11]) for number in range(10, 18))
VISIBLE = {"OCR_SANDBOX": "off"}
"""Settings of a server whose open files another process of the same user may list."""
PAGE = encode(draw_page(LINES, size=28, width=1500))


def assert_whole(text: str) -> None:
    """Every line of the page was read, in order."""
    numbers = [int(line.split()[1]) for line in text.splitlines() if line.startswith("Line ")]
    assert numbers == list(range(10, 10 + len(LINES)))


def workers(server: Server) -> list[psutil.Process]:
    """The worker processes: forked by the fork server, which the server started."""
    return [
        worker for fork_server in psutil.Process(server.process.pid).children() for worker in fork_server.children()
    ]


def busy(server: Endpoint, pool: str = "recognize") -> int:
    """How many workers are at work."""
    return int(metric(server, "ocr_workers", pool=pool, state="busy"))


def until_busy(server: Server, number: int = 1) -> None:
    """Wait until that many workers of the predictor read."""
    until(lambda: busy(server) >= number, f"{number} busy workers")


def until_idle(server: Server) -> None:
    """Wait until nothing is read or queued."""
    until(lambda: busy(server) == 0 and metric(server, "ocr_requests_in_flight") == 0, "an idle server")


def signal_workers(server: Server, number: signal.Signals) -> None:
    """Send a signal to every worker that is there now."""
    for worker in workers(server):
        with suppress(ProcessLookupError):
            os.kill(worker.pid, number)


@contextmanager
def paused_workers(server: Server) -> Iterator[None]:
    """Workers keep the page that they are given until the block ends."""
    stopped = workers(server)
    for worker in stopped:
        worker.suspend()
    try:
        yield
    finally:
        for worker in stopped:
            with suppress(psutil.NoSuchProcess):
                worker.resume()


@contextmanager
def in_background(threads: int = 1) -> Iterator[ThreadPoolExecutor]:
    """Threads for requests that are meant to take long."""
    with ThreadPoolExecutor(threads) as pool:
        yield pool


def answer_of(future: Future[httpx.Response]) -> httpx.Response:
    return future.result(timeout=120)


def assert_overload_is_told(server: Server) -> None:
    """Of twenty times as many requests as there are places each is read, or told when to come again."""
    with in_background(40) as background:
        answers = [background.submit(infer, server, GOOD) for _ in range(40)]
        found = [answer_of(answer) for answer in answers]

    read = [answer for answer in found if answer.status_code == 200]
    assert read
    assert all(text_of(answer).strip() == LINE for answer in read)
    for answer in found:
        if answer not in read:
            assert_refused(answer, 503, "overloaded")


def assert_overload_is_told_by_grpc(server: Server) -> None:
    """A call to a server without a free place ends with the status and the metadata of an overload."""
    with grpc_stub(server) as stub:
        status, trailing, _ = grpc_refusal(stub.ModelInfer, grpc_request(GOOD))
    assert (status, trailing["ocr-code"]) == ("UNAVAILABLE", "overloaded")
    assert int(trailing["retry-after"]) >= 1


def disconnect(server: Server, body: bytes, *, path: str = INFER, declared: int | None = None) -> None:
    """Send a request, of which ``declared`` bytes are announced, and go away without waiting for the answer."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head(path, len(body) if declared is None else declared) + body)


def head(path: str, length: int) -> bytes:
    """The head of a POST request."""
    kind = "image/png" if path == GATEWAY else "application/json"
    return f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()


def open_files(server: Server) -> list[str]:
    """Files and memory files that the server process holds open; connections come and go."""
    found = (_target(link) for link in Path(f"/proc/{server.process.pid}/fd").iterdir())
    return sorted(target.partition(":[")[0] for target in found if not target.startswith("socket:"))


def _target(link: Path) -> str:
    with suppress(FileNotFoundError):
        return str(link.readlink())
    return "socket:"  # closed since it was listed


def temporary_files() -> set[str]:
    """What lies in the directory for temporary files and in shared memory, but for what pytest keeps there."""
    places = (Path(tempfile.gettempdir()), Path("/dev/shm"))
    return {
        str(path)
        for place in places
        for path in place.iterdir()
        if path.name.startswith(("ocr", "reader-", "decoder-"))
    }


@contextmanager
def unharmed(server: Server, *, settle: Callable[[], None]) -> Iterator[None]:
    """Assert that the server reads before and after the block, and then has no zombie and no more open files."""
    assert_reads(server)
    settle()
    files = open_files(server)
    yield
    assert_reads(server)
    settle()
    assert not zombies(server)
    until(lambda: open_files(server) == files, f"no more open files than {files}")


def zombies(server: Server) -> list[psutil.Process]:
    """Processes below the server that ended and that nobody waited for."""
    return [child for child in server.children() if child.status() == psutil.STATUS_ZOMBIE]


def suspended_fork_server(server: Server) -> psutil.Process:
    """The process that starts workers, held still before it has started any."""
    process = psutil.Process(server.process.pid)
    until(lambda: bool(process.children()), "the start of the fork server")
    (fork_server,) = process.children()
    # Not between fork and exec, for which the server waits.
    until(lambda: any("fork_server" in argument for argument in fork_server.cmdline()), "its program")
    fork_server.suspend()
    assert not fork_server.children()
    return fork_server


def listens(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0
