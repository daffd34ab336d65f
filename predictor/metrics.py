"""Metrics of the predictor, in addition to those of both services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import REGISTRY, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kserve_ocr.observability import metrics, startup_metrics
from kserve_ocr.observability.metrics import record_page, request
from kserve_ocr.observability.pool_metrics import PoolMetrics
from kserve_ocr.observability.startup_metrics import START
from predictor.acceleration.state import Acceleration

__all__ = ["START", "PoolMetrics", "announce", "pool", "publish_acceleration", "record_page", "request"]


def announce(*, engine: str) -> None:
    """Publish build information and create every series at 0. Call once, early during start-up."""
    startup_metrics.announce(component="predictor", engine=engine)
    metrics.declare_requests(
        {"infer": ("json", "binary", "grpc"), "predict": ("json",), metrics.OTHER: (metrics.OTHER,)}
    )


def pool(size: int) -> PoolMetrics:
    """The observer of the Tesseract workers: stages ``wait`` and ``recognize``."""
    return PoolMetrics("recognize", size=size, runs="recognize")


class _AccelerationInfo(Collector):
    """The state of the acceleration in the workers, queried at each scrape."""

    def __init__(self) -> None:
        self.state: Callable[[], Acceleration | None] = lambda: None

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "ocr_acceleration_info",
            "Instruction set of the accelerated Tesseract functions (none: unmodified Tesseract), and the reason.",
            labels=("simd", "reason"),
        )
        if (acceleration := self.state()) is not None:
            family.add_metric((acceleration.simd, acceleration.reason), 1)
        yield family


_ACCELERATION: Final = _AccelerationInfo()
REGISTRY.register(_ACCELERATION)


def publish_acceleration(state: Callable[[], Acceleration | None]) -> None:
    """Export ``ocr_acceleration_info`` as ``state`` returns it at each scrape; None for no worker."""
    _ACCELERATION.state = state
