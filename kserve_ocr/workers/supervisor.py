"""Starts the workers of a pool, hands them to waiting jobs, and replaces them when they die or reach a limit."""

from __future__ import annotations

import asyncio
import copy
import itertools
import logging
import math
import pickle
from typing import Any

from msgspec import Struct

from kserve_ocr.protocol.errors import StoppingError
from kserve_ocr.workers.fair_queue import FairQueue
from kserve_ocr.workers.forking.fork_server import ForkServerConfig
from kserve_ocr.workers.forking.fork_server_process import ForkServerProcess, scratch_directory
from kserve_ocr.workers.forking.launch import WorkerProgram
from kserve_ocr.workers.observer import PoolObserver, Restart
from kserve_ocr.workers.sandbox.confinement import Sandbox
from kserve_ocr.workers.wire.replies import Failed, ReplyDecoder, Started
from kserve_ocr.workers.worker_handle import Worker, WorkerDied
from kserve_ocr.workers.worker_main import Start

Waiter = asyncio.Future[Worker]
"""Future of a queued job, resolved with a worker."""

_BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to replace a worker that does not start."""

logger = logging.getLogger(__name__)


class WorkerStartError(Exception):
    """A worker did not start; the message says why."""


class SupervisorSettings(Struct, frozen=True):
    """Configuration of a supervisor; the fields are :class:`kserve_ocr.workers.pool.WorkerPool`'s arguments."""

    start: Start
    result: Any
    name: str
    size: int
    max_jobs_per_worker: int
    max_worker_growth_bytes: int
    memory_bytes: int
    program: WorkerProgram
    scratch: bool
    spare: bool
    sandbox: Sandbox

    @property
    def workers(self) -> int:
        """Processes of the pool."""
        return self.size + self.spare


class WorkerSupervisor:
    """Keeps ``settings.workers`` workers alive and hands each idle one to the waiter that has waited longest."""

    def __init__(self, settings: SupervisorSettings, observer: PoolObserver) -> None:
        self._settings = settings
        self._observer = observer
        self._decoder = ReplyDecoder(settings.result)
        self._fork_server: ForkServerProcess | None = None
        self._fork_server_lock = asyncio.Lock()
        self._baseline: dict[Worker, int] = {}
        """Every started worker, with its resident memory at that time in bytes."""
        self._idle: list[Worker] = []
        self.queue: FairQueue[Waiter] = FairQueue(share=settings.size if settings.spare else math.inf)
        self._replacements: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._warned = False

    @property
    def idle(self) -> int:
        return len(self._idle)

    @property
    def busy(self) -> int:
        return len(self._baseline) - len(self._idle)

    @property
    def queued(self) -> int:
        return len(self.queue)

    @property
    def workers(self) -> list[Worker]:
        return list(self._baseline)

    async def start(self) -> None:
        """Start every worker. Raises WorkerStartError, with nothing left running, if one does not start."""
        starts = [asyncio.ensure_future(self._start_worker()) for _ in range(self._settings.workers)]
        try:
            for worker in await asyncio.gather(*starts):
                self.release(worker)
        except BaseException:
            for start_task in starts:
                start_task.cancel()
            await asyncio.gather(*starts, return_exceptions=True)
            await self.stop(StoppingError("the server did not start"))
            raise

    async def stop(self, error: Exception) -> None:
        """Stop every process; waiting and running jobs raise ``error``."""
        self._stopped = True
        for task in self._replacements:
            task.cancel()
        await asyncio.gather(*self._replacements, return_exceptions=True)
        for waiter in self.queue.pop_all():
            fail(waiter, copy.copy(error))  # each job gets its own traceback
        for worker in self._baseline:
            worker.fail(copy.copy(error))
        if self._fork_server is not None:
            await self._fork_server.stop()
        self._baseline.clear()
        self._idle.clear()

    def try_acquire(self, client: str) -> Worker | None:
        """The idle worker that was used last, for a job of this client; None if there is none for it."""
        if not self._idle or not self.queue.may_start(client):
            return None
        self.queue.started(client)
        return self._idle.pop()

    def release(self, worker: Worker) -> None:
        """Hand an idle worker to the next waiter that may start, or keep it idle."""
        self._idle.append(worker)
        self._serve_waiting()

    def finished(self, client: str) -> None:
        """A job of the client is over, whatever became of it."""
        self.queue.finished(client)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._idle and (found := self.queue.start_next()) is not None:
            waiter, client = found
            if waiter.done():  # it gave up, and has not left the queue yet
                self.queue.finished(client)
            else:
                waiter.set_result(self._idle.pop())
        self._observer.busy(self.busy)

    def finish_job(self, worker: Worker) -> None:
        """A worker has finished a job: release it, or replace it if it died or reached a limit."""
        max_jobs_per_worker, max_worker_growth_bytes = (
            self._settings.max_jobs_per_worker,
            self._settings.max_worker_growth_bytes,
        )
        if not worker.alive:
            self.replace(worker, "crash")
        elif max_jobs_per_worker and worker.jobs >= max_jobs_per_worker:
            self.replace(worker, "recycled_jobs")
        elif max_worker_growth_bytes and worker.resident - self._baseline[worker] > max_worker_growth_bytes:
            self.replace(worker, "recycled_memory")
        else:
            self.release(worker)

    def replace(self, worker: Worker, reason: Restart, *, waiter: Waiter | None = None) -> None:
        """Kill a worker and start a replacement, reserved for ``waiter`` if given."""
        self._baseline.pop(worker, None)
        if worker in self._idle:
            self._idle.remove(worker)
        if self._fork_server is not None:
            self._fork_server.kill(worker)
        self._observer.busy(self.busy)
        if self._stopped:
            if waiter is not None:
                fail(waiter, StoppingError("the server is stopping; try again"))
            return
        self._observer.restarted(reason)
        level = logging.WARNING if reason in {"crash", "timeout"} else logging.INFO
        logger.log(level, "%s: worker %d is replaced (%s)", self._settings.name, worker.pid, reason)
        task = asyncio.get_running_loop().create_task(self._start_replacement(waiter))
        self._replacements.add(task)
        task.add_done_callback(self._replacements.discard)

    def _on_worker_exit(self, worker: Worker) -> None:
        if worker in self._idle:  # a busy worker's exit is reported to its job
            self.replace(worker, "crash")

    async def _start_replacement(self, waiter: Waiter | None) -> None:
        try:
            worker = await self._start_with_backoff()
        except asyncio.CancelledError:
            if waiter is not None:
                fail(waiter, StoppingError("the server is stopping; try again"))
            raise
        if waiter is not None and not waiter.done():
            waiter.set_result(worker)
            self._observer.busy(self.busy)
        else:
            self.release(worker)

    async def _start_with_backoff(self) -> Worker:
        for pause in itertools.chain(_BACKOFF, itertools.repeat(_BACKOFF[-1])):
            try:
                return await self._start_worker()
            except WorkerStartError as error:
                logger.error("%s; trying again in %s s", error, pause)
                await asyncio.sleep(pause)
        raise AssertionError

    async def _start_worker(self) -> Worker:
        """A new worker in which ``start`` has returned. Raises WorkerStartError."""
        name = self._settings.name
        try:
            fork_server = await self._running_fork_server()
            worker = fork_server.spawn()
            try:
                reply = await worker.reply()
            except asyncio.CancelledError:
                fork_server.kill(worker)
                raise
        except WorkerDied as died:
            raise WorkerStartError(f"a worker of the {name} pool {died} while it started") from died
        if isinstance(reply, Failed):
            raise WorkerStartError(f"a worker of the {name} pool did not start: {reply.message}") from reply.error()
        assert isinstance(reply, Started)
        worker.pid, worker.description = reply.pid, reply.description
        if reply.unconfined and not self._warned:
            self._warned = True
            logger.warning("workers are not fully confined: %s", " and ".join(reply.unconfined))
        self._baseline[worker] = worker.resident
        worker.on_unexpected_exit = self._on_worker_exit
        return worker

    async def _running_fork_server(self) -> ForkServerProcess:
        settings = self._settings
        async with self._fork_server_lock:
            if self._fork_server is None or not self._fork_server.alive:
                config = ForkServerConfig(
                    start=pickle.dumps(settings.start),
                    memory_bytes=settings.memory_bytes,
                    scratch=scratch_directory(settings.name) if settings.scratch else "",
                    sandbox=settings.sandbox,
                )
                self._fork_server = ForkServerProcess(
                    config, name=settings.name, program=settings.program, decoder=self._decoder
                )
            await asyncio.shield(self._fork_server.ready)
            return self._fork_server


def fail(future: asyncio.Future[Any], error: Exception) -> None:
    """Raise ``error`` where the future is awaited, unless it is done."""
    if not future.done():
        future.set_exception(error)


def resolved(waiter: Waiter) -> bool:
    """Whether a worker was handed to it."""
    return waiter.done() and not waiter.cancelled() and waiter.exception() is None
