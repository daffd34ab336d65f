"""Metrics of the transformer, in addition to those of both services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter

from kserve_ocr.observability import metrics, startup_metrics
from kserve_ocr.observability.metrics import observe_stage, record_page, request, stage
from kserve_ocr.observability.pool_metrics import PoolMetrics
from kserve_ocr.observability.startup_metrics import START
from transformer.preprocess import steps as preprocessing

__all__ = [
    "START",
    "PoolMetrics",
    "announce",
    "observe_stage",
    "pool",
    "record_document",
    "record_order",
    "record_page",
    "record_prepared",
    "record_retry",
    "record_second_look",
    "request",
    "stage",
]

KINDS: Final = ("png", "jpeg", "tiff", "webp", "bmp", "gif", "jp2", "avif", "heif", "pnm", "pdf", metrics.OTHER)
STEPS: Final = ("stretch", *preprocessing.STEPS, "none", metrics.OTHER)
SECOND_LOOK_REASONS: Final = ("rows", "rules", "unread", "orientation", "blackletter", "grain", "words", "numbers")
RETRY_REASONS: Final = ("status_502", "status_503", "connection", metrics.OTHER)

DOCUMENTS = Counter("ocr_documents", "Documents received, by kind.", ("kind",))
BYTES = Counter("ocr_document_bytes", "Bytes of the documents received, as files.")
PIXELS = Counter("ocr_pixels", "Pixels of the pages decoded, before preparation.")
STEPS_TAKEN = Counter("ocr_preprocess_steps", "Preparation steps taken; none for a page left as it was.", ("step",))
ORDERED = Counter("ocr_pages_ordered", "Pages put into reading order: whether that changed the engine's.", ("changed",))
SECOND_LOOKS = Counter(
    "ocr_second_looks",
    "Pages recognized again, to keep rows whole, without ruled lines, for unread text, another orientation, "
    "blackletter, grain, words or page numbers: whether that was kept.",
    ("reason", "kept"),
)
RETRIES = Counter("ocr_page_retries", "Pages sent to the predictor again.", ("reason",))

_documents = {kind: DOCUMENTS.labels(kind) for kind in KINDS}
_steps = {step: STEPS_TAKEN.labels(step) for step in STEPS}
_ordered = {changed: ORDERED.labels(str(changed).lower()) for changed in (False, True)}
_second_looks = {
    (reason, kept): SECOND_LOOKS.labels(reason, str(kept).lower())
    for reason in SECOND_LOOK_REASONS
    for kept in (False, True)
}
_retries = {reason: RETRIES.labels(reason) for reason in RETRY_REASONS}


def announce() -> None:
    """Publish build information and create every series at 0. Call once, early during start-up."""
    startup_metrics.announce(component="transformer")
    metrics.declare_requests(
        {
            "gateway": ("multipart", "json", "raw"),
            "infer": ("json", "binary", "grpc"),
            "predict": ("json",),
            metrics.OTHER: (metrics.OTHER,),
        }
    )
    metrics.declare_stages("decode", "preprocess", "network", "order", "format", "merge")


def pool(size: int) -> PoolMetrics:
    """The observer of the decode workers: stage ``queue``, a page's wait for a worker.

    Their jobs decode and prepare; each page's seconds of both come back with it for :func:`observe_stage`.
    """
    return PoolMetrics("decode", size=size)


def record_document(*, kind: str, size: int) -> None:
    """Count one document: its kind (``png``, ``pdf``, …) and size in bytes."""
    _documents.get(kind.lower(), _documents[metrics.OTHER]).inc()
    BYTES.inc(size)


def record_prepared(*, width: int, height: int, steps: Iterable[str]) -> None:
    """Count one decoded page: its size before preparation and the steps that were taken."""
    PIXELS.inc(width * height)
    names = tuple(steps) or ("none",)
    for name in names:
        _steps.get(name, _steps[metrics.OTHER]).inc()


def record_order(*, changed: bool) -> None:
    """Count a page that was put into reading order."""
    _ordered[changed].inc()


def record_second_look(reason: str, *, kept: bool) -> None:
    """Count a page that was recognized again, for one of :data:`SECOND_LOOK_REASONS`."""
    _second_looks[reason, kept].inc()


def record_retry(reason: str) -> None:
    """Count a page that is sent again: ``status_502``, ``status_503`` or ``connection``."""
    _retries.get(reason, _retries[metrics.OTHER]).inc()
