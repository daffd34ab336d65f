"""Metrics of a process start, and build information."""

from __future__ import annotations

import os
import time
from typing import Final

from prometheus_client import REGISTRY, Gauge, Info, disable_created_metrics

from kserve_ocr.observability.process_metrics import ProcessTree, seconds_since_start
from kserve_ocr.version import VERSION

COLD_SECONDS: Final = 2.0
"""A first request that arrives within this time after readiness was waiting for the start."""


START_SECONDS = Gauge(
    "ocr_startup_duration_seconds",
    "Seconds from process start until ready, until the first answer, and until the first answer of a cold start.",
    ("phase",),
)


START_TIME = Gauge("ocr_start_time_seconds", "Unix time at which the process started.")


_OLD_START_SECONDS = Gauge("ocr_start_seconds", "Old name of ocr_startup_duration_seconds.", ("until",))
"""Kept for one release."""


def _set(phase: str, seconds: float) -> None:
    START_SECONDS.labels(phase).set(seconds)
    _OLD_START_SECONDS.labels(phase).set(seconds)


BUILD = Info("ocr_build", "What runs here.")


class _Start:
    """Metrics of one process start, each set once."""

    def __init__(self) -> None:
        self._ready: float | None = None
        self._answered = False

    def ready(self) -> None:
        """The service is ready."""
        if self._ready is None:
            self._ready = seconds_since_start()
            _set("ready", self._ready)

    def answered(self, seconds: float, *, pages: int) -> None:
        """A successful response took ``seconds``; only the first one counts.

        It counts as a cold start if its request was waiting for the start and had one page: the time of a long
        document is not start-up time.
        """
        if self._answered:
            return
        self._answered = True
        now = seconds_since_start()
        _set("first_answer", now)
        if self._ready is not None and pages <= 1 and now - seconds - self._ready < COLD_SECONDS:
            _set("cold_answer", now)


START = _Start()


def announce(*, component: str, engine: str = "") -> None:
    """Publish build information and the metrics of the process tree. Call once, early during start-up.

    The ``_created`` series are disabled: Prometheus would store each as another series.
    ``revision`` is Knative's, from ``K_REVISION``, which Knative sets in every container that it starts.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    BUILD.info(
        {
            "version": VERSION,
            "service": component,
            "engine": engine,
            "revision": os.environ.get("K_REVISION", ""),
        }
    )
    START_TIME.set(time.time() - seconds_since_start())
    REGISTRY.register(ProcessTree())
