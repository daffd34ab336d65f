"""Metrics that both services have, on prometheus_client's default registry, which KServe serves at ``/metrics``.

Names start with ``ocr_`` and carry base units. Every label takes its values from a closed set, anything else becomes
``other``, and the series that rates are taken of exist from the start: an increase from nothing is invisible to
Prometheus. Which service a series belongs to is said by the target label ``component``, which KServe puts on the pods.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

from msgspec import Struct
from prometheus_client import Counter, Gauge, Histogram

from kserve_ocr.observability import tracing
from kserve_ocr.observability.startup_metrics import START
from kserve_ocr.protocol.errors import OcrError, codes

SECONDS_BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0),
)
"""Up to the default time budget of a request. The objectives of the alerts (10 s) are bucket limits: exact."""

OTHER: Final = "other"
OK: Final = "ok"
CANCELLED: Final = "cancelled"

ROUTES: Final = ("gateway", "infer", "predict", OTHER)
"""``/gateway/ocr``, V2 infer (REST and gRPC), V1 predict, everything else."""
PROTOCOLS: Final = ("multipart", "json", "raw", "binary", "grpc", OTHER)
CODES: Final = (OK, CANCELLED, *codes())
SERVER_ERRORS: Final = codes(least_status=500)
"""Codes that count against the error budget."""
STAGES: Final = ("decode", "preprocess", "queue", "network", "recognize", "order", "format", "merge")
SIZES: Final = ("1", "2-10", "11+")


REQUESTS = Counter("ocr_requests", "Requests answered.", ("route", "protocol", "code"))
REQUEST_SECONDS = Histogram(
    "ocr_request_duration_seconds",
    "Seconds from a request's arrival to its answer, good answers only, by number of pages.",
    ("route", "pages"),
    buckets=SECONDS_BUCKETS,
)
IN_FLIGHT = Gauge("ocr_requests_in_flight", "Requests being worked on.")
STAGE_SECONDS = Histogram(
    "ocr_stage_duration_seconds", "Seconds that a page spent in a stage.", ("stage",), buckets=SECONDS_BUCKETS
)
PAGES = Counter("ocr_pages", "Pages read.")
CONFIDENCE = Histogram(
    "ocr_page_confidence_ratio",
    "Mean word confidence of a page, 0 to 1; 0 with no words.",
    buckets=(0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0),
)
CHARACTERS = Histogram(
    "ocr_page_characters",
    "Characters of text on a page.",
    buckets=(0.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0),
)


def _known(value: str, values: Sequence[str]) -> str:
    return value if value in values else OTHER


@cache
def _request_counter(route: str, protocol: str, code: str) -> Counter:
    return REQUESTS.labels(route, protocol, code)


@cache
def _request_histogram(route: str, size: str) -> Histogram:
    return REQUEST_SECONDS.labels(route, size)


class Outcome(Struct):
    """Outcome of a request; set the fields as they become known."""

    protocol: str = OTHER
    code: str = OK
    pages: int = 0


_current: ContextVar[Outcome | None] = ContextVar("outcome", default=None)


@contextmanager
def request(route: str, protocol: str = OTHER) -> Iterator[Outcome]:
    """Measure one request: in flight, seconds, outcome. An OcrError that passes through gives its code.

    Routes that turn errors into responses inside the block set ``outcome.code`` themselves.
    """
    outcome = Outcome(protocol=protocol)
    began = time.perf_counter()
    token = _current.set(outcome)
    IN_FLIGHT.inc()
    try:
        yield outcome
    except OcrError as error:
        outcome.code = error.code
        raise
    except (asyncio.CancelledError, GeneratorExit):
        outcome.code = CANCELLED
        raise
    except BaseException:
        outcome.code = "internal"
        raise
    finally:
        IN_FLIGHT.dec()
        _current.reset(token)
        record_request(
            route,
            outcome.protocol,
            outcome.code,
            seconds=time.perf_counter() - began,
            pages=outcome.pages,
        )


def note_pages(pages: int) -> None:
    """Record the number of pages of the current request, and charge its sender."""
    if outcome := _current.get():
        outcome.pages = pages
    if charge := _charge.get():
        charge(pages)


_charge: ContextVar[Callable[[int], None] | None] = ContextVar("charge", default=None)


@contextmanager
def charge_pages(charge: Callable[[int], None]) -> Iterator[None]:
    """Call ``charge`` with the number of pages that are read within the block."""
    token = _charge.set(charge)
    try:
        yield
    finally:
        _charge.reset(token)


def record_request(route: str, protocol: str, code: str, *, seconds: float, pages: int = 1) -> None:
    """Count one finished request. ``pages`` is its number of pages, 1 if unknown."""
    route = _known(route, ROUTES)
    _request_counter(route, _known(protocol, PROTOCOLS), _known(code, CODES)).inc()
    if code == OK:
        _request_histogram(route, _size(pages)).observe(seconds)
        START.answered(seconds, pages=pages)


def _size(pages: int) -> str:
    if pages <= 1:
        return "1"
    return "2-10" if pages <= 10 else "11+"


def declare_requests(protocols_of: Mapping[str, Sequence[str]]) -> None:
    """Create a service's series for successes and server errors at 0: ``{"infer": ("json", "binary", "grpc")}``.

    Rejection series are created on first use: alerts do not need them and each series adds scrape cost.
    """
    for route, protocols in protocols_of.items():
        _request_histogram(route, "1")
        for protocol in protocols:
            for code in (OK, *SERVER_ERRORS):
                _request_counter(route, protocol, code)


_stages: dict[str, Histogram] = {}


def declare_stages(*stages: str) -> None:
    """Create the series of these stages at 0. Only declared stages are recorded."""
    _stages.update({stage: STAGE_SECONDS.labels(stage) for stage in stages if stage in STAGES})


def observe_stage(name: str, seconds: float) -> None:
    """Record seconds measured elsewhere, for example in a worker."""
    _stages[name].observe(seconds)


class stage:  # noqa: N801 - used like a function; a generator would take three times as long, six times a request
    """Measure a block, whether it fails or not, and add a span of that name to the request's trace."""

    __slots__ = ("_began", "_name", "_span")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began = time.perf_counter()
        self._span = tracing.span(self._name)
        self._span.__enter__()

    def __exit__(self, *raised: Any) -> None:
        self._span.__exit__(*raised)
        observe_stage(self._name, time.perf_counter() - self._began)


def record_page(*, confidence: float, characters: int) -> None:
    """Count one recognized page: mean word confidence, 0 to 1, and number of characters."""
    PAGES.inc()
    CONFIDENCE.observe(confidence)
    CHARACTERS.observe(characters)
