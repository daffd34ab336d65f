"""W3C trace context: taken from the client or made, passed on, and put into every log line.

Spans are exported only after :func:`export_to`; until then nothing of OpenTelemetry is imported and a span costs a
context variable. Header format: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One position in a trace: 32 and 16 hexadecimal digits, and whether the trace is recorded."""

    trace_id: str
    span_id: str
    sampled: bool = False

    def header(self) -> str:
        """The ``traceparent`` value that says this position."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"

    def child(self) -> TraceContext:
        """A new span below this one."""
        return TraceContext(self.trace_id, secrets.token_hex(8), self.sampled)


def parse(traceparent: str | None) -> TraceContext | None:
    """The position that a ``traceparent`` header says; None for a missing or malformed one.

    A version newer than 00 may carry more fields, which are ignored as the specification asks.
    """
    found = _TRACEPARENT.match(traceparent.strip()) if traceparent else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & 1))


def new() -> TraceContext:
    """The root of a new trace; recorded if spans are exported."""
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8), _exporter is not None)


_trace: ContextVar[TraceContext | None] = ContextVar("trace", default=None)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current() -> TraceContext | None:
    """The position that the running code is at."""
    return _trace.get()


def request_id() -> str | None:
    """The id of the request that the running code works on."""
    return _request_id.get()


@contextmanager
def serve(
    name: str, *, traceparent: str | None, request_id: str | None = None, exported: bool = True
) -> Iterator[TraceContext]:
    """Work on one request: its log lines carry its ids, its answer and its own requests the yielded header.

    Continues the client's trace, or begins one. Without ``exported`` its span stays here: for probes and scrapes.
    """
    parent = parse(traceparent)
    position: AbstractContextManager[TraceContext] = nullcontext(parent.child() if parent else new())
    if _exporter is not None and exported:
        position = _exporter(name, parent, "SERVER", {})
    id_token = _request_id.set(request_id)
    try:
        with _at(position) as here:
            yield here
    finally:
        _request_id.reset(id_token)


def span(name: str, **attributes: str | float) -> AbstractContextManager[TraceContext | None]:
    """A part of the current request. Costs nothing and changes nothing unless spans are exported."""
    here = _trace.get()
    if _exporter is None or here is None:
        return nullcontext(here)
    return _at(_exporter(name, here, "INTERNAL", attributes))


@contextmanager
def _at(position: AbstractContextManager[TraceContext]) -> Iterator[TraceContext]:
    with position as here:
        token = _trace.set(here)
        try:
            yield here
        finally:
            _trace.reset(token)


Exporter = Callable[[str, TraceContext | None, str, dict[str, Any]], AbstractContextManager[TraceContext]]
_exporter: Exporter | None = None


def export_to(endpoint: str, *, service: str) -> Callable[[], None]:
    """Export spans to an OTLP/HTTP collector, in batches from a thread. Returns what flushes and stops it.

    ``endpoint`` is the collector's base URL; nothing happens if it is empty. Raises SettingsError without the
    ``tracing`` extra.
    """
    global _exporter
    if not endpoint:
        return lambda: None
    from protocol.spans import otlp_exporter  # noqa: PLC0415 - OpenTelemetry loads only when asked for

    _exporter, stop = otlp_exporter(endpoint, service=service)
    return stop
