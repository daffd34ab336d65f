"""W3C trace context: one position in a trace, from and to a traceparent header."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from msgspec import Struct

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\Z")


class TraceContext(Struct, frozen=True):
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


Exporter = Callable[[str, TraceContext | None, str, dict[str, Any]], AbstractContextManager[TraceContext]]
