"""Export of spans through the OpenTelemetry SDK; needs the ``tracing`` extra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from kserve_ocr.observability.trace_context import Exporter, TraceContext


def otlp_exporter(endpoint: str, *, service: str) -> tuple[Exporter, Callable[[], None]]:
    """The exporter, and a function that flushes and stops it. ``endpoint`` is the collector's base URL."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    sink = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(sink))
    tracer = provider.get_tracer("kserve-ocr")

    @contextmanager
    def export(name: str, parent: TraceContext | None, kind: str, attributes: dict[str, Any]) -> Iterator[TraceContext]:
        with tracer.start_as_current_span(
            name, context=_context(parent), kind=trace.SpanKind[kind], attributes=attributes
        ) as span:
            here = span.get_span_context()
            yield TraceContext(f"{here.trace_id:032x}", f"{here.span_id:016x}", here.trace_flags.sampled)

    return export, provider.shutdown


def _context(parent: TraceContext | None) -> context.Context:
    if parent is None:
        return context.Context()
    position = trace.SpanContext(
        trace_id=int(parent.trace_id, 16),
        span_id=int(parent.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(parent.sampled)),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(position), context.Context())
