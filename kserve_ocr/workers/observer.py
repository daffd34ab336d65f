"""Interface through which a worker pool reports its state to metrics."""

from __future__ import annotations

from typing import Literal

Restart = Literal["crash", "timeout", "cancelled", "recycled_jobs", "recycled_memory"]


class PoolObserver:
    """Receives the events of a pool. The methods do nothing; override the ones you need."""

    def queued(self, jobs: int) -> None:
        """``jobs`` are waiting for a worker now."""

    def busy(self, workers: int) -> None:
        """``workers`` are running a job now."""

    def waited(self, seconds: float) -> None:
        """A job got its worker after waiting this long."""

    def ran(self, seconds: float) -> None:
        """A job finished or timed out after running this long."""

    def restarted(self, reason: Restart) -> None:
        """A worker is being replaced."""
