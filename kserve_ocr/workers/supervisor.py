"""The living workers of a pool: started, handed to the jobs that wait, replaced when they die or have served enough."""

from __future__ import annotations

import asyncio
import copy
import itertools
import logging
import pickle
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_ocr.protocol.errors import StoppingError
from kserve_ocr.workers.fork_server import Nursing
from kserve_ocr.workers.fork_server_process import NurseryProcess, scratch_directory
from kserve_ocr.workers.observer import PoolObserver, Restart
from kserve_ocr.workers.worker_handle import Died, Worker
from kserve_ocr.workers.worker_main import ERROR_FRAME

Ticket = asyncio.Future[Worker]
"""What a waiting job holds: a worker will be put into it."""

_BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to replace a worker that does not start."""

logger = logging.getLogger(__name__)


class WorkerStartError(Exception):
    """A worker did not start; the sentence says why."""


@dataclass(frozen=True)
class CrewSettings:
    """What a crew must know; the fields are :class:`kserve_ocr.workers.pool.WorkerPool`'s arguments."""

    start: Callable[[], Callable[[Any], Any]]
    name: str
    size: int
    recycle_jobs: int
    recycle_bytes: int
    memory_bytes: int
    preload: tuple[str, ...]
    environment: Mapping[str, str]
    scratch: bool


class Crew:
    """Keeps ``settings.size`` workers alive, and gives each free one to the ticket that has waited longest."""

    def __init__(self, settings: CrewSettings, observer: PoolObserver) -> None:
        self._settings = settings
        self._observer = observer
        self._nursery: NurseryProcess | None = None
        self._nursery_lock = asyncio.Lock()
        self._baseline: dict[Worker, int] = {}
        """Every started worker, with its resident memory when it had started."""
        self._idle: list[Worker] = []
        self._waiting: deque[Ticket] = deque()
        self._replacements: set[asyncio.Task[None]] = set()
        self._ended = False

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def busy(self) -> int:
        return len(self._baseline) - len(self._idle)

    @property
    def queued(self) -> int:
        return len(self._waiting)

    @property
    def workers(self) -> list[Worker]:
        return list(self._baseline)

    async def start(self) -> None:
        """Start every worker. Raises WorkerStartError, with nothing left running, if one does not start."""
        launches = [asyncio.ensure_future(self._launch()) for _ in range(self._settings.size)]
        try:
            for worker in await asyncio.gather(*launches):
                self.offer(worker)
        except BaseException:
            for launch in launches:
                launch.cancel()
            await asyncio.gather(*launches, return_exceptions=True)
            await self.end(StoppingError("the server did not start"))
            raise

    async def end(self, error: Exception) -> None:
        """End every process; what still waits or runs raises ``error``."""
        self._ended = True
        for task in self._replacements:
            task.cancel()
        await asyncio.gather(*self._replacements, return_exceptions=True)
        for ticket in self._waiting:
            _fail(ticket, copy.copy(error))  # each gets a traceback of its own
        for worker in self._baseline:
            worker.fail(copy.copy(error))
        if self._nursery is not None:
            await self._nursery.stop()
        self._baseline.clear()
        self._idle.clear()

    def take(self) -> Worker | None:
        """An idle worker, the one that worked last, or None."""
        return self._idle.pop() if self._idle else None

    def wait(self, ticket: Ticket) -> None:
        """Queue a ticket."""
        self._waiting.append(ticket)

    def leave(self, ticket: Ticket) -> None:
        """Take a ticket out of the queue, if it is still there."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def offer(self, worker: Worker) -> None:
        """Give a free worker to the ticket that has waited longest, or let it idle."""
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.done():
                ticket.set_result(worker)
                break
        else:
            self._idle.append(worker)
        self._observer.busy(self.busy)

    def release(self, worker: Worker) -> None:
        """A worker has answered: on to the next job, unless it is time to replace it."""
        recycle_jobs, recycle_bytes = self._settings.recycle_jobs, self._settings.recycle_bytes
        if not worker.alive:
            self.replace(worker, "crash")
        elif recycle_jobs and worker.jobs >= recycle_jobs:
            self.replace(worker, "recycled_jobs")
        elif recycle_bytes and worker.resident - self._baseline[worker] > recycle_bytes:
            self.replace(worker, "recycled_memory")
        else:
            self.offer(worker)

    def replace(self, worker: Worker, reason: Restart, *, heir: Ticket | None = None) -> None:
        """End a worker and start another in its place, for ``heir`` or else for anyone."""
        self._baseline.pop(worker, None)
        if worker in self._idle:
            self._idle.remove(worker)
        if self._nursery is not None:
            self._nursery.kill(worker)
        self._observer.busy(self.busy)
        if self._ended:
            if heir is not None:
                _fail(heir, StoppingError("the server is stopping; try again"))
            return
        self._observer.restarted(reason)
        level = logging.WARNING if reason in {"crash", "timeout"} else logging.INFO
        logger.log(level, "%s: worker %d is replaced (%s)", self._settings.name, worker.pid, reason)
        task = asyncio.get_running_loop().create_task(self._start_another(heir))
        self._replacements.add(task)
        task.add_done_callback(self._replacements.discard)

    def _on_death(self, worker: Worker) -> None:
        if worker in self._idle:  # a busy one's is noticed by its job
            self.replace(worker, "crash")

    async def _start_another(self, heir: Ticket | None) -> None:
        try:
            worker = await self._launch_at_last()
        except asyncio.CancelledError:
            if heir is not None:
                _fail(heir, StoppingError("the server is stopping; try again"))
            raise
        if heir is not None and not heir.done():
            heir.set_result(worker)
            self._observer.busy(self.busy)
        else:
            self.offer(worker)

    async def _launch_at_last(self) -> Worker:
        for pause in itertools.chain(_BACKOFF, itertools.repeat(_BACKOFF[-1])):
            try:
                return await self._launch()
            except WorkerStartError as error:
                logger.error("%s; trying again in %s s", error, pause)
                await asyncio.sleep(pause)
        raise AssertionError

    async def _launch(self) -> Worker:
        """A worker that has run ``start``. Raises WorkerStartError."""
        name = self._settings.name
        try:
            nursery = await self._living_nursery()
            worker = nursery.spawn()
            try:
                reply = await worker.reply()
            except asyncio.CancelledError:
                nursery.kill(worker)
                raise
        except Died as death:
            raise WorkerStartError(f"a worker of the {name} pool {death} while it started") from death
        if reply.kind == ERROR_FRAME:
            raise WorkerStartError(f"a worker of the {name} pool did not start: {reply.value}") from reply.value
        worker.pid, worker.about = reply.value
        self._baseline[worker] = worker.resident
        worker.on_death = self._on_death
        return worker

    async def _living_nursery(self) -> NurseryProcess:
        settings = self._settings
        async with self._nursery_lock:
            if self._nursery is None or not self._nursery.alive:
                nursing = Nursing(
                    start=pickle.dumps(settings.start),
                    preload=settings.preload,
                    memory_bytes=settings.memory_bytes,
                    scratch=scratch_directory(settings.name) if settings.scratch else "",
                )
                self._nursery = NurseryProcess(nursing, environment=settings.environment)
            await asyncio.shield(self._nursery.ready)
            return self._nursery


def _fail(ticket: Ticket, error: Exception) -> None:
    if not ticket.done():
        ticket.set_exception(error)
