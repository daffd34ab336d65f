"""Trace context of requests: from the client or new, forwarded to the predictor and added to every log line.

Spans are exported only after :func:`export_to`; until then OpenTelemetry is not imported and a span costs one
context variable. Header format: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from kserve_ocr.observability.trace_context import Exporter, TraceContext, parse


def new() -> TraceContext:
    """Root of a new trace; sampled if spans are exported."""
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8), _exporter is not None)


_trace: ContextVar[TraceContext | None] = ContextVar("trace", default=None)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current() -> TraceContext | None:
    """Trace context of the running code."""
    return _trace.get()


def request_id() -> str | None:
    """Id of the request that the running code handles."""
    return _request_id.get()


@contextmanager
def serve(
    name: str, *, traceparent: str | None, request_id: str | None = None, exported: bool = True
) -> Iterator[TraceContext]:
    """Handle one request: log lines carry its ids; responses and forwarded requests carry the yielded context.

    Continues the client's trace or starts one. ``exported=False`` is for probes and scrapes.
    """
    parent = parse(traceparent)
    position: AbstractContextManager[TraceContext] = nullcontext(parent.child() if parent else new())
    if _exporter is not None and exported:
        position = _exporter(name, parent, "SERVER", {})
    id_token = _request_id.set(request_id)
    try:
        with _Current(position) as here:
            yield here
    finally:
        _request_id.reset(id_token)


def span(name: str, **attributes: str | float) -> AbstractContextManager[TraceContext | None]:
    """A span of the current request; without export it does nothing."""
    here = _trace.get()
    if _exporter is None or here is None:
        return nullcontext(here)
    return _Current(_exporter(name, here, "INTERNAL", attributes))


class _Current:
    """A position in a trace that is the running code's during the block; a class takes less time than a generator."""

    def __init__(self, position: AbstractContextManager[TraceContext]) -> None:
        self._position = position

    def __enter__(self) -> TraceContext:
        here = self._position.__enter__()
        self._token = _trace.set(here)
        return here

    def __exit__(self, *raised: Any) -> bool | None:
        _trace.reset(self._token)
        return self._position.__exit__(*raised)


_exporter: Exporter | None = None


def export_to(endpoint: str, *, service: str) -> Callable[[], None]:
    """Export spans to an OTLP/HTTP collector, in batches from a thread. Returns what flushes and stops it.

    ``endpoint`` is the collector's base URL; nothing happens if it is empty. Raises SettingsError without the
    ``tracing`` extra.
    """
    global _exporter
    if not endpoint:
        return lambda: None
    from kserve_ocr.observability.otlp import otlp_exporter  # noqa: PLC0415 - OpenTelemetry loads only when asked for

    _exporter, stop = otlp_exporter(endpoint, service=service)
    return stop
