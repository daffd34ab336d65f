"""A pool of workers that do what each job names, and what tests observe of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.workers.observer import PoolObserver, Restart
from kserve_ocr.workers.pool import WorkerPool
from tests.support import worker_pools

Pool = WorkerPool[tuple[str, Any], Any]
Scenario = Callable[[], Awaitable[None]]


def start() -> Callable[[tuple[str, Any]], Any]:
    return handle


def start_slowly(seconds: float) -> Callable[[tuple[str, Any]], Any]:
    time.sleep(seconds)
    return handle


def start_badly() -> Callable[[tuple[str, Any]], Any]:
    raise RuntimeError("no model in the cupboard")


def start_and_die() -> Callable[[tuple[str, Any]], Any]:
    os._exit(3)


_hoard: list[bytearray] = []


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def spin(_: None) -> None:
    while True:
        pass


def kill_once(marker: str) -> int:
    if not Path(marker).exists():
        Path(marker).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def refuse(message: str) -> None:
    raise InvalidParameterError(message, retry_after=7)


def fail(_: None) -> None:
    raise UnportableError(unportable(None))


def unportable(_: None) -> Any:
    return object()


def hoard(size: int) -> int:
    _hoard.append(bytearray(b"x") * size)
    return os.getpid()


def temporary(_: None) -> str:
    file = Path(tempfile.mkstemp()[1])
    file.write_text("half a page")
    return str(file)


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "echo": lambda value: value,
    "pid": lambda _: os.getpid(),
    "sleep": sleep,
    "spin": spin,
    "kill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "kill once": kill_once,
    "stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
    "refuse": refuse,
    "fail": fail,
    "unportable": unportable,
    "allocate": lambda size: len(bytearray(size)),
    "hoard": hoard,
    "environment": os.environ.get,
    "temporary": temporary,
    "child": lambda _: os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {}),
    "ignored": lambda _: [signal.getsignal(number) == signal.SIG_IGN for number in (signal.SIGINT, signal.SIGTERM)],
}


def handle(job: tuple[str, Any]) -> Any:
    action, argument = job
    return ACTIONS[action](argument)


class UnportableError(Exception):
    """No error of the contract."""


class Recorder(PoolObserver):
    def __init__(self) -> None:
        self.restarts: list[Restart] = []
        self.waits: list[float] = []
        self.runs: list[float] = []
        self.most_queued = 0
        self.most_busy = 0
        self.last = (0, 0)

    def queued(self, jobs: int) -> None:
        self.most_queued = max(self.most_queued, jobs)
        self.last = jobs, self.last[1]

    def busy(self, workers: int) -> None:
        self.most_busy = max(self.most_busy, workers)
        self.last = self.last[0], workers

    def waited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def ran(self, seconds: float) -> None:
        self.runs.append(seconds)

    def restarted(self, reason: Restart) -> None:
        self.restarts.append(reason)


def pool(*, size: int = 1, queue: int = 10, seconds: float = 30.0, **more: Any) -> Pool:
    chosen = more.pop("start", start)
    return WorkerPool(chosen, result=Any, name="test", size=size, queue=queue, seconds=seconds, **more)


def with_pool(scenario: Callable[[Pool], Awaitable[None]], **settings: Any) -> list[int]:
    """Run a scenario; the process ids that the pool had at its end, all gone by now."""

    pids = worker_pools.with_pool(lambda: pool(**settings), scenario)
    assert not [pid for pid in pids if exists(pid)]
    return pids


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)
