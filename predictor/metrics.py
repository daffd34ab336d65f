"""Metrics of the predictor, in addition to those of both services."""

from __future__ import annotations

from kserve_ocr.observability import metrics, startup_metrics
from kserve_ocr.observability.metrics import record_page, request
from kserve_ocr.observability.pool_metrics import PoolMetrics
from kserve_ocr.observability.startup_metrics import START

__all__ = ["START", "PoolMetrics", "announce", "pool", "record_page", "request"]


def announce(*, engine: str) -> None:
    """Publish build information and create every series at 0. Call once, early during start-up."""
    startup_metrics.announce(component="predictor", engine=engine)
    metrics.declare_requests(
        {"infer": ("json", "binary", "grpc"), "predict": ("json",), metrics.OTHER: (metrics.OTHER,)}
    )


def pool(size: int) -> PoolMetrics:
    """The observer of the Tesseract workers: stages ``wait`` and ``recognize``."""
    return PoolMetrics("recognize", size=size, runs="recognize")
