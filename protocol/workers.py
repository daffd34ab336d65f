"""A pool of worker processes on the event loop: warm, bounded, and each worker killable at any moment.

Works on asyncio and uvloop. One job runs in one worker at a time; the first of equals in the queue is served first.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import math
import pickle
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

from protocol._nursery import ERROR_FRAME, Nursing
from protocol._worker_process import Died, Gone, NurseryProcess, Reply, Worker, scratch_directory
from protocol.errors import OverloadedError, StartingError, StoppingError, TimedOutError

Job = TypeVar("Job")
Result = TypeVar("Result")
Restart = Literal["crash", "timeout", "cancelled", "recycled_jobs", "recycled_memory"]

_NOTHING: Mapping[str, str] = MappingProxyType({})
_BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to replace a worker that does not start."""
_MEMORY_OF_MEAN = 0.1
"""Weight of the latest job in the running mean of job times."""

logger = logging.getLogger(__name__)


class WorkerCrashedError(Exception):
    """The worker died over a job. ``cause`` says how: ``was killed by SIGKILL``."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the worker {cause}")
        self.cause = cause


class WorkerStartError(Exception):
    """A worker did not start; the sentence says why."""


class PoolObserver:
    """What a pool tells its metrics. Each method does nothing here; override what is wanted."""

    def queued(self, jobs: int) -> None:
        """``jobs`` are waiting for a worker now."""

    def busy(self, workers: int) -> None:
        """``workers`` are running a job now."""

    def waited(self, seconds: float) -> None:
        """A job got its worker after waiting this long."""

    def ran(self, seconds: float) -> None:
        """A job was answered, or failed by itself, after running this long."""

    def restarted(self, reason: Restart) -> None:
        """A worker is being replaced."""


class WorkerPool(Generic[Job, Result]):
    """``size`` processes that each ran ``start()`` once and now answer jobs with the handler it returned.

    ``start`` is a picklable top-level callable (or a ``functools.partial`` of one). At most ``queue`` jobs wait beside
    those that run. A job may run for ``seconds``. A worker is replaced after ``recycle_jobs`` jobs, or when its
    resident memory has grown by ``recycle_bytes`` since it started; ``memory_bytes`` limits its address space; 0 means
    never and no limit. ``preload`` names modules imported once, before workers are forked, under ``environment`` on top of
    this process's own. With ``scratch`` each worker's ``tempfile`` directory is its own and is removed when the worker ends.
    """

    def __init__(  # noqa: PLR0913 - all keyword-only, each one a fact about the pool
        self,
        start: Callable[[], Callable[[Job], Result]],
        *,
        name: str,
        size: int,
        queue: int,
        seconds: float,
        recycle_jobs: int = 0,
        recycle_bytes: int = 0,
        memory_bytes: int = 0,
        preload: Sequence[str] = (),
        environment: Mapping[str, str] = _NOTHING,
        scratch: bool = False,
        observer: PoolObserver | None = None,
    ) -> None:
        self.name = name
        self.size = size
        self._start = start
        self._queue = queue
        self._seconds = seconds
        self._recycle_jobs = recycle_jobs
        self._recycle_bytes = recycle_bytes
        self._memory_bytes = memory_bytes
        self._preload = tuple(preload)
        self._environment = dict(environment)
        self._scratch = scratch
        self._observer = observer or PoolObserver()
        self._nursery: NurseryProcess | None = None
        self._nursery_lock = asyncio.Lock()
        self._workers: dict[Worker, int] = {}
        """Every started worker, with its resident memory when it had started."""
        self._idle: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._replacements: set[asyncio.Task[None]] = set()
        self._admitted = 0
        self._mean_seconds = 0.0
        self._state: Literal["new", "started", "stopping"] = "new"
        self._drained = asyncio.Event()

    @property
    def idle(self) -> int:
        """Workers that would take a job at once."""
        return len(self._idle)

    @property
    def busy(self) -> int:
        """Workers that run a job."""
        return len(self._workers) - len(self._idle)

    @property
    def queued(self) -> int:
        """Jobs that wait for a worker."""
        return len(self._waiting)

    @property
    def ready(self) -> bool:
        """True from the end of :meth:`start` to :meth:`stop`, while at least one worker lives."""
        return self._state == "started" and bool(self._workers)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for diagnosis."""
        return [worker.pid for worker in self._workers]

    async def start(self) -> None:
        """Start every worker. Raises WorkerStartError, with nothing left running, if one does not start."""
        try:
            for worker in await asyncio.gather(*(self._launch() for _ in range(self.size))):
                self._offer(worker)
        except BaseException:
            await self._end()
            raise
        self._state = "started"

    async def stop(self, *, grace: float) -> None:
        """Admit nothing more, let admitted jobs finish for ``grace`` seconds, then end every process.

        Jobs that are not finished by then raise StoppingError.
        """
        self._state = "stopping"
        if self._admitted:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), grace)
        error = StoppingError("the server is stopping; try again")
        for ticket in self._waiting:
            if not ticket.done():
                ticket.set_exception(error)
        for worker in self._workers:
            worker.fail(error)
        await self._end()

    async def run(
        self, job: Job, *, seconds: float | None = None, deadline: float | None = None, attempts: int = 1
    ) -> Result:
        """The handler's result for ``job``.

        ``seconds`` shortens the time that the job may run; ``deadline``, in the loop's time, bounds waiting and running together.
        A job whose worker dies is tried again on the worker that takes its place, ``attempts`` times in all.

        Raises OverloadedError, StartingError, StoppingError, TimedOutError, WorkerCrashedError, and whatever the handler raised.
        """
        self._check_admission()
        self._admitted += 1
        try:
            worker = await self._acquire(deadline)
            while True:
                try:
                    reply = await self._work(worker, job, seconds=seconds, deadline=deadline)
                    break
                except Died as death:
                    attempts -= not isinstance(death, Gone)
                    if attempts <= 0:
                        self._replace(worker, "crash")
                        raise WorkerCrashedError(str(death)) from None
                    heir = asyncio.get_running_loop().create_future()
                    self._replace(worker, "crash", heir=heir)
                    worker = await self._claim(heir, deadline)
        finally:
            self._admitted -= 1
            if self._state == "stopping" and not self._admitted:
                self._drained.set()
        if reply.kind == ERROR_FRAME:
            raise reply.value
        result: Result = reply.value
        return result

    def _check_admission(self) -> None:
        if self._state == "new":
            raise StartingError("the server is starting; try again", retry_after=1)
        if self._state == "stopping":
            raise StoppingError("the server is stopping; try again", retry_after=1)
        if self._admitted >= self.size + self._queue:
            wait = min(60, max(1, math.ceil(self.queued * self._mean_seconds / self.size)))
            raise OverloadedError(
                f"{self.size} workers are busy and {self.queued} jobs wait; try again in {wait} s", retry_after=wait
            )

    async def _acquire(self, deadline: float | None) -> Worker:
        if self._idle:
            worker = self._idle.pop()
            self._observer.waited(0.0)
        else:
            loop = asyncio.get_running_loop()
            began = loop.time()
            ticket: asyncio.Future[Worker] = loop.create_future()
            self._waiting.append(ticket)
            self._observer.queued(self.queued)
            try:
                worker = await self._claim(ticket, deadline)
            finally:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                self._observer.queued(self.queued)
            self._observer.waited(loop.time() - began)
        self._observer.busy(self.busy)
        return worker

    async def _claim(self, ticket: asyncio.Future[Worker], deadline: float | None) -> Worker:
        """The worker that will be put into ``ticket``; TimedOutError at the deadline."""
        timer = None
        if deadline is not None:
            error = TimedOutError("no worker was free within the time allowed; try again later or allow more")
            timer = asyncio.get_running_loop().call_at(deadline, _fail, ticket, error)
        try:
            return await ticket
        except asyncio.CancelledError:
            if not ticket.cancelled() and ticket.exception() is None:
                self._offer(ticket.result())  # it came in the same turn of the loop
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _work(self, worker: Worker, job: Job, *, seconds: float | None, deadline: float | None) -> Reply:
        """Run a job on an acquired worker, which is free again, replaced or (Died) left to the caller on return."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        allowed = min(self._seconds, self._seconds if seconds is None else seconds)
        if deadline is not None:
            allowed = min(allowed, deadline - began)
        try:
            future = worker.send(job)
        except Died:
            raise
        except BaseException:  # the job does not pickle; the worker has seen nothing of it
            self._offer(worker)
            raise
        error = TimedOutError(f"it took longer than {max(allowed, 0):.3g} s; send less at once or allow more time")
        timer = loop.call_later(max(allowed, 0), _fail, future, error)
        try:
            reply = await future
        except Died:
            raise
        except TimedOutError:
            self._account(loop.time() - began)
            self._replace(worker, "timeout")
            raise
        except BaseException:  # cancelled, or the end of the grace period
            if future.cancelled() or future.exception() is not None:
                self._replace(worker, "cancelled")
            else:
                self._release(worker)
            raise
        finally:
            timer.cancel()
        self._account(loop.time() - began)
        self._release(worker)
        return reply

    def _account(self, seconds: float) -> None:
        weight = _MEMORY_OF_MEAN if self._mean_seconds else 1.0
        self._mean_seconds += weight * (seconds - self._mean_seconds)
        self._observer.ran(seconds)

    def _release(self, worker: Worker) -> None:
        """A worker has answered: on to the next job, unless it is time to replace it."""
        if not worker.alive:
            self._replace(worker, "crash")
        elif self._recycle_jobs and worker.jobs >= self._recycle_jobs:
            self._replace(worker, "recycled_jobs")
        elif self._recycle_bytes and worker.resident - self._workers[worker] > self._recycle_bytes:
            self._replace(worker, "recycled_memory")
        else:
            self._offer(worker)

    def _offer(self, worker: Worker) -> None:
        """Give a free worker to the job that has waited longest, or let it idle."""
        while self._waiting:
            ticket = self._waiting.popleft()
            if not ticket.done():
                ticket.set_result(worker)
                return
        self._idle.append(worker)
        self._observer.busy(self.busy)

    def _on_death(self, worker: Worker) -> None:
        if worker in self._idle:  # a busy one's is noticed by the job
            self._replace(worker, "crash")

    def _replace(self, worker: Worker, reason: Restart, *, heir: asyncio.Future[Worker] | None = None) -> None:
        """End a worker and start another in its place, for the job that waits for ``heir`` or for anyone."""
        del self._workers[worker]
        if worker in self._idle:
            self._idle.remove(worker)
        if self._nursery is not None:
            self._nursery.kill(worker)
        self._observer.busy(self.busy)
        if self._state == "stopping" and heir is None and not self._waiting:
            return
        self._observer.restarted(reason)
        logger.log(
            logging.INFO if reason.startswith("recycled") else logging.WARNING,
            "%s: worker %d is replaced (%s)", self.name, worker.pid, reason,
        )  # fmt: skip
        task = asyncio.get_running_loop().create_task(self._start_another(heir))
        self._replacements.add(task)
        task.add_done_callback(self._replacements.discard)

    async def _start_another(self, heir: asyncio.Future[Worker] | None) -> None:
        for pause in itertools.chain(_BACKOFF, itertools.repeat(_BACKOFF[-1])):
            try:
                worker = await self._launch()
            except WorkerStartError:
                logger.exception("%s: a worker did not start; trying again in %s s", self.name, pause)
                await asyncio.sleep(pause)
                continue
            if heir is not None and not heir.done():
                heir.set_result(worker)
            else:
                self._offer(worker)
            return

    async def _launch(self) -> Worker:
        """A worker that has run ``start``. Raises WorkerStartError."""
        try:
            nursery = await self._living_nursery()
            worker = nursery.spawn()
            try:
                reply = await worker.reply()
            except asyncio.CancelledError:
                nursery.kill(worker)
                raise
        except Died as death:
            raise WorkerStartError(f"a worker of {self.name} {death} while it started") from death
        if reply.kind == ERROR_FRAME:
            raise WorkerStartError(f"a worker of {self.name} did not start: {reply.value}") from reply.value
        self._workers[worker] = worker.resident
        worker.on_death = self._on_death
        return worker

    async def _living_nursery(self) -> NurseryProcess:
        async with self._nursery_lock:
            if self._nursery is None or not self._nursery.alive:
                nursing = Nursing(
                    name=self.name,
                    start=pickle.dumps(self._start),
                    preload=self._preload,
                    memory_bytes=self._memory_bytes,
                    scratch=scratch_directory(self.name) if self._scratch else "",
                )
                self._nursery = NurseryProcess(nursing, environment=self._environment)
            await self._nursery.ready
            return self._nursery

    async def _end(self) -> None:
        self._state = "stopping"
        for task in self._replacements:
            task.cancel()
        await asyncio.gather(*self._replacements, return_exceptions=True)
        if self._nursery is not None:
            await self._nursery.stop()
        self._workers.clear()
        self._idle.clear()


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
