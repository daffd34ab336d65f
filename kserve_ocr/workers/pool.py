"""A pool of warm worker processes for an event loop; its queue is bounded and each worker can be killed at any time.

Works on asyncio and uvloop. A worker runs one job at a time; a free worker goes to the client with the fewest
running jobs, and one client's jobs are served in the order in which they came.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

from kserve_ocr.protocol.errors import OverloadedError, StartingError, StoppingError, TimedOutError
from kserve_ocr.workers.fair_queue import CLIENT
from kserve_ocr.workers.forking.launch import WorkerProgram
from kserve_ocr.workers.observer import PoolObserver, Restart
from kserve_ocr.workers.sandbox.confinement import Sandbox
from kserve_ocr.workers.supervisor import SupervisorSettings, Waiter, WorkerStartError, WorkerSupervisor, fail, resolved
from kserve_ocr.workers.wire.replies import Done, Failed, Started
from kserve_ocr.workers.worker_handle import Worker, WorkerDied, WorkerExited

__all__ = ["PoolObserver", "Restart", "WorkerCrashedError", "WorkerPool", "WorkerStartError"]

Job = TypeVar("Job")
Result = TypeVar("Result")

_NOTHING = WorkerProgram()
_UNCONFINED = Sandbox("off")
_WEIGHT_OF_LATEST = 0.1
"""Weight of the newest job in the moving average of job durations."""
_LONGEST_RETRY = 60
"""Largest ``Retry-After`` in seconds."""


class WorkerCrashedError(Exception):
    """A worker died while it ran a job. ``cause`` says how: ``was killed by SIGKILL``."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the worker {cause}")
        self.cause = cause


class WorkerPool(Generic[Job, Result]):
    """``size`` processes that each called ``start()`` once and run jobs with the handler that it returned.

    ``start`` is a picklable top-level callable, or a ``functools.partial`` of one. ``result`` is the type of the
    handler's results, made of what msgspec decodes: structs, named tuples, ``NDArray`` and built-in types. At most
    ``queue`` jobs wait in addition to those that run. A job may run for ``seconds``. A worker is replaced after
    ``max_jobs_per_worker`` jobs, or when its resident memory has grown by ``max_worker_growth_bytes`` since it started;
    ``memory_bytes`` limits its address space; 0 means never and no limit. ``program`` says which modules are imported
    once, before workers are forked, and what workers' environment has besides what libraries read of this process's
    own. With ``spare`` there is one worker more, and one client runs at most ``size`` jobs. With ``scratch`` each
    worker has a ``tempfile`` directory of its own, which is removed when the worker ends.
    ``sandbox`` is what workers may do once ``start`` has returned.

    Jobs are pickled; results are not, since a hostile document may have made them. Numpy arrays inside both are laid
    into memory that both processes map, and are read-only where they arrive.
    """

    def __init__(  # noqa: PLR0913 - all keyword-only, each one a fact about the pool
        self,
        start: Callable[[], Callable[..., Result]],
        *,
        result: type[Result] | Any,
        name: str,
        size: int,
        queue: int,
        seconds: float,
        max_jobs_per_worker: int = 0,
        max_worker_growth_bytes: int = 0,
        memory_bytes: int = 0,
        program: WorkerProgram = _NOTHING,
        scratch: bool = False,
        spare: bool = False,
        sandbox: Sandbox = _UNCONFINED,
        observer: PoolObserver | None = None,
    ) -> None:
        self.name = name
        self.size = size
        self._queue = queue
        self._seconds = seconds
        self._observer = observer or PoolObserver()
        settings = SupervisorSettings(
            start=start,
            result=result,
            name=name,
            size=size,
            max_jobs_per_worker=max_jobs_per_worker,
            max_worker_growth_bytes=max_worker_growth_bytes,
            memory_bytes=memory_bytes,
            program=program,
            scratch=scratch,
            spare=spare,
            sandbox=sandbox,
        )
        self._supervisor = WorkerSupervisor(settings, self._observer)
        self._admitted = 0
        self._mean_seconds = 0.0
        self._state: Literal["new", "started", "stopping"] = "new"
        self._drained = asyncio.Event()

    @property
    def idle(self) -> int:
        """Idle workers."""
        return self._supervisor.idle

    @property
    def busy(self) -> int:
        """Workers that run a job."""
        return self._supervisor.busy

    @property
    def queued(self) -> int:
        """Jobs that wait for a worker."""
        return self._supervisor.queued

    @property
    def ready(self) -> bool:
        """True from the end of :meth:`start` to :meth:`stop`, while at least one worker lives."""
        return self._state == "started" and bool(self._supervisor.workers)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers, for diagnosis."""
        return [worker.pid for worker in self._supervisor.workers]

    @property
    def description(self) -> str:
        """Description reported by a worker's handler; empty if there is none."""
        return next((worker.description for worker in self._supervisor.workers), "")

    async def start(self) -> None:
        """Start every worker. Raises WorkerStartError, with nothing left running, if one does not start."""
        await self._supervisor.start()
        if self._state == "new":
            self._state = "started"

    async def stop(self, *, grace: float) -> None:
        """Admit no more jobs, let admitted ones finish for ``grace`` seconds, then stop every process.

        Jobs that are not finished by then raise StoppingError.
        """
        self._state = "stopping"
        if self._admitted:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), grace)
        await self._supervisor.stop(StoppingError("the server is stopping; try again", retry_after=1))

    async def run(
        self,
        job: Job,
        *,
        file: int | None = None,
        seconds: float | None = None,
        deadline: float | None = None,
        attempts: int = 1,
    ) -> Result:
        """The handler's result for ``job``.

        With ``file`` the handler gets, after the job, a descriptor of its own for that open file, which it closes.
        The job may run for ``seconds`` instead of the usual time; ``deadline``, in the loop's time, bounds waiting and
        running together. A job whose worker dies is tried again on the worker that takes its place, ``attempts`` times
        in all.
        Cancelling takes the job out of the queue, or ends the worker that runs it.

        Raises OverloadedError, StartingError, StoppingError, TimedOutError, WorkerCrashedError, and the OcrError that
        the handler raised, or RuntimeError for any other exception. A worker that sends anything but a reply counts as
        dead.
        """
        self._check_admission()
        client, running = CLIENT.get(), False
        self._admitted += 1
        try:
            worker = await self._acquire_worker(client, deadline)
            running = True
            while True:
                try:
                    reply = await self._run_on(worker, job, file=file, seconds=seconds, deadline=deadline)
                    break
                except WorkerDied as died:
                    attempts -= not isinstance(died, WorkerExited)
                    if attempts <= 0:
                        self._supervisor.replace(worker, "crash")
                        raise WorkerCrashedError(str(died)) from None
                    waiter: Waiter = asyncio.get_running_loop().create_future()
                    self._supervisor.replace(worker, "crash", waiter=waiter)
                    worker = await self._wait_for_worker(waiter, deadline)
        finally:
            if running:
                self._supervisor.finished(client)
            self._admitted -= 1
            if self._state == "stopping" and not self._admitted:
                self._drained.set()
        if isinstance(reply, Failed):
            try:
                raise reply.error()
            finally:
                del job  # break the cycle exception → traceback → frame, so that the page is freed now
        result: Result = reply.result
        return result

    def _check_admission(self) -> None:
        if self._state == "new":
            raise StartingError("the server is starting; try again", retry_after=1)
        if self._state == "stopping":
            raise StoppingError("the server is stopping; try again", retry_after=1)
        if self._admitted >= self.size + self._queue:
            wait = math.ceil(self.queued * self._mean_seconds / self.size)
            wait = min(_LONGEST_RETRY, max(1, wait))
            raise OverloadedError(
                f"all {self.size} workers are busy and {self.queued} jobs wait; try again in {wait} s", retry_after=wait
            )

    async def _acquire_worker(self, client: str, deadline: float | None) -> Worker:
        """A worker for a job of the client, which then counts as running."""
        worker = self._supervisor.try_acquire(client)
        if worker is not None:
            self._observer.waited(0.0)
            self._observer.busy(self.busy)
            return worker
        loop = asyncio.get_running_loop()
        began = loop.time()
        waiter: Waiter = loop.create_future()
        self._supervisor.queue.add(waiter, client)
        self._observer.queued(self.queued)
        try:
            worker = await self._wait_for_worker(waiter, deadline)
        except BaseException:
            if resolved(waiter):  # the worker came in the same iteration of the loop
                self._supervisor.finished(client)
            raise
        finally:
            self._supervisor.queue.remove(waiter)
            self._observer.queued(self.queued)
        self._observer.waited(loop.time() - began)
        return worker

    async def _wait_for_worker(self, waiter: Waiter, deadline: float | None) -> Worker:
        """The worker that ``waiter`` is resolved with. Raises TimedOutError at the deadline."""
        timer = None
        if deadline is not None:
            error = TimedOutError("no worker was free within the time allowed; try again later or allow more")
            timer = asyncio.get_running_loop().call_at(deadline, fail, waiter, error)
        try:
            return await waiter
        except asyncio.CancelledError:
            if resolved(waiter):
                self._supervisor.release(waiter.result())
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _run_on(
        self, worker: Worker, job: Job, *, file: int | None, seconds: float | None, deadline: float | None
    ) -> Done[Result] | Failed:
        """Run a job on an acquired worker. Afterwards it is idle or replaced; on WorkerDied the caller replaces it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        allowed = self._seconds if seconds is None else seconds
        if deadline is not None:
            allowed = max(0.0, min(allowed, deadline - began))
        try:
            future = worker.send(job, file=file)
        except WorkerDied:
            raise
        except BaseException:  # the job cannot be pickled; nothing was sent to the worker
            self._supervisor.release(worker)
            raise
        error = TimedOutError(f"it took longer than {allowed:.3g} s; send less at once or allow more time")
        timer = loop.call_later(allowed, fail, future, error)
        try:
            reply = await future
        except WorkerDied:
            raise
        except TimedOutError:
            self._account(loop.time() - began)
            self._supervisor.replace(worker, "timeout")
            raise
        except BaseException:  # cancelled, or the end of the grace period
            if future.cancelled() or future.exception() is not None:
                self._supervisor.replace(worker, "cancelled")
            else:
                self._supervisor.finish_job(worker)
            raise
        finally:
            timer.cancel()
        self._account(loop.time() - began)
        if isinstance(reply, Started):
            raise WorkerDied("sent an invalid reply: it had started before")
        self._supervisor.finish_job(worker)
        return reply

    def _account(self, seconds: float) -> None:
        weight = _WEIGHT_OF_LATEST if self._mean_seconds else 1.0
        self._mean_seconds += weight * (seconds - self._mean_seconds)
        self._observer.ran(seconds)
