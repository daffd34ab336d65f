"""Trace context is taken, made and passed on as the specification asks, and exported only when asked for."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from kserve_ocr.observability import trace_context, tracing
from tests.support.drawn_pages import draw_line, encode
from tools.local_stack import Server, Service

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"


def test_parse_and_write_back() -> None:
    found = trace_context.parse(HEADER)
    assert found == trace_context.TraceContext(TRACE, SPAN, sampled=True)
    assert found.header() == HEADER


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        HEADER.upper(),
        HEADER + "-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n\nx",
    ],
)
def test_malformed_headers_begin_a_new_trace(header: str | None) -> None:
    assert trace_context.parse(header) is None
    with tracing.serve("infer", traceparent=header) as here:
        assert here.trace_id != TRACE


def test_later_versions_may_say_more() -> None:
    assert trace_context.parse(f"cc-{TRACE}-{SPAN}-03-what-ever") == trace_context.TraceContext(
        TRACE, SPAN, sampled=True
    )


@given(st.text(max_size=80))
def test_no_header_does_harm(header: str) -> None:
    found = trace_context.parse(header)
    assert found is None or trace_context.parse(found.header()) == found


def test_a_request_continues_the_clients_trace_in_a_span_of_its_own() -> None:
    with tracing.serve("infer", traceparent=HEADER, request_id="r-1") as here:
        assert (here.trace_id, here.sampled) == (TRACE, True)
        assert here.span_id != SPAN
        assert tracing.current() is here
        assert tracing.request_id() == "r-1"
        with tracing.span("decode") as inner:
            assert inner is here  # nothing is exported, so there is nothing to tell apart
    assert tracing.current() is None
    assert tracing.request_id() is None


def test_new_traces_are_well_formed_and_unrecorded() -> None:
    header = tracing.new().header()
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", header)
    assert header != tracing.new().header()


def test_spans_outside_a_request_are_nothing() -> None:
    with tracing.span("decode") as here:
        assert here is None


def test_nothing_is_imported_while_nothing_is_exported() -> None:
    code = (
        "import sys\nfrom kserve_ocr.observability import tracing\n"
        "stop = tracing.export_to('', service='x')\n"
        f"with tracing.serve('infer', traceparent={HEADER!r}): pass\n"
        "stop()\nprint(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Span]]]:
    """The address of an OTLP/HTTP collector and the spans that it has received."""
    spans: list[Span] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the base class's spelling
            body = self.rfile.read(int(self.headers["content-length"]))
            request = ExportTraceServiceRequest.FromString(body)
            assert self.path == "/v1/traces"
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", spans
        finally:
            server.shutdown()


def test_spans_reach_a_collector_under_the_ids_that_were_passed_on(
    collector: tuple[str, list[Span]], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, spans = collector
    monkeypatch.setattr(tracing, "_exporter", None)  # restored afterwards
    stop = tracing.export_to(endpoint, service="ocr-test")
    with tracing.serve("infer", traceparent=HEADER) as outer, tracing.span("decode", pages=2) as inner:
        assert inner is not None
    with tracing.serve("infer", traceparent=None) as root:
        pass
    with tracing.serve("GET /metrics", traceparent=None, exported=False) as scrape:
        assert tracing.current() is scrape
    stop()
    by_id = {span.span_id.hex(): span for span in spans}
    assert set(by_id) == {outer.span_id, inner.span_id, root.span_id}
    assert by_id[outer.span_id].trace_id.hex() == outer.trace_id == TRACE
    assert by_id[outer.span_id].parent_span_id.hex() == SPAN
    assert by_id[outer.span_id].kind == Span.SPAN_KIND_SERVER
    assert by_id[inner.span_id].parent_span_id.hex() == outer.span_id
    assert by_id[inner.span_id].name == "decode"
    assert not by_id[root.span_id].parent_span_id
    assert root.sampled


def test_a_client_that_does_not_want_its_trace_recorded_is_heard(
    collector: tuple[str, list[Span]], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, spans = collector
    monkeypatch.setattr(tracing, "_exporter", None)
    stop = tracing.export_to(endpoint, service="ocr-test")
    with tracing.serve("infer", traceparent=f"00-{TRACE}-{SPAN}-00") as here:
        assert here.trace_id == TRACE
        assert not here.sampled
    stop()
    assert spans == []


def test_a_clients_trace_goes_through_both_servers_and_back(service: Service) -> None:
    answer = httpx.post(
        f"{service.url}/gateway/ocr",
        content=encode(draw_line()),
        headers={"content-type": "image/png", "traceparent": HEADER},
        timeout=60,
    )
    assert answer.status_code == 200
    back = trace_context.parse(answer.headers["traceparent"])
    assert back is not None
    assert back.trace_id == TRACE
    assert back.span_id != SPAN
    assert all(_logged(server, f'"trace_id":"{TRACE}"') for server in (service.transformer, service.predictor))


def _logged(server: Server, text: str) -> bool:
    """Whether the server's log says so; a request's line is written just after its answer."""
    for _ in range(200):
        if text in server.log_text():
            return True
        time.sleep(0.05)
    return False
