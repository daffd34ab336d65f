"""Metrics of worker pools."""

from __future__ import annotations

from typing import Final, get_args

from prometheus_client import Counter, Gauge

from kserve_ocr.observability.metrics import _known, declare_stages, observe_stage
from kserve_ocr.workers.observer import PoolObserver, Restart

POOLS: Final = ("recognize", "decode")


RESTART_REASONS: Final[tuple[Restart, ...]] = get_args(Restart)


QUEUE_DEPTH = Gauge("ocr_queue_depth", "Jobs that wait for a worker.", ("pool",))


WORKERS = Gauge("ocr_workers", "Worker processes by what they are doing.", ("pool", "state"))


RESTARTS = Counter("ocr_worker_restarts", "Worker processes that were replaced.", ("pool", "reason"))


JOB_SECONDS = Counter("ocr_worker_busy_seconds", "Seconds that workers spent on jobs.", ("pool",))


class PoolMetrics(PoolObserver):
    """Metrics of one worker pool.

    ``waits`` is the stage that records waiting for a worker, ``runs`` the stage of the job itself, if any.
    """

    def __init__(self, pool: str, *, size: int, waits: str = "queue", runs: str | None = None) -> None:
        pool = _known(pool, POOLS)
        self._size = size
        self._depth = QUEUE_DEPTH.labels(pool)
        self._busy = WORKERS.labels(pool, "busy")
        self._idle = WORKERS.labels(pool, "idle")
        self._seconds = JOB_SECONDS.labels(pool)
        self._restarts = {reason: RESTARTS.labels(pool, reason) for reason in RESTART_REASONS}
        self._waits, self._runs = waits, runs
        declare_stages(waits, *([runs] if runs else []))
        self.busy(0)

    def queued(self, jobs: int) -> None:
        self._depth.set(jobs)

    def busy(self, workers: int) -> None:
        self._busy.set(workers)
        self._idle.set(self._size - workers)

    def restarted(self, reason: Restart) -> None:
        self._restarts[reason].inc()

    def waited(self, seconds: float) -> None:
        observe_stage(self._waits, seconds)

    def ran(self, seconds: float) -> None:
        self._seconds.inc(seconds)
        if self._runs:
            observe_stage(self._runs, seconds)
