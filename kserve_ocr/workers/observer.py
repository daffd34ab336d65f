"""Interface through which a worker pool reports its state to metrics."""

from __future__ import annotations

from typing import Literal

Restart = Literal["crash", "timeout", "cancelled", "recycled_jobs", "recycled_memory"]


class PoolObserver:
    """What a pool tells its metrics. Each method does nothing here; override what is wanted."""

    def queued(self, jobs: int) -> None:
        """``jobs`` are waiting for a worker now."""

    def busy(self, workers: int) -> None:
        """``workers`` are running a job now."""

    def waited(self, seconds: float) -> None:
        """A job got its worker after waiting this long."""

    def ran(self, seconds: float) -> None:
        """A job was answered, or given up as too slow, after running this long."""

    def restarted(self, reason: Restart) -> None:
        """A worker is being replaced."""
