"""Access log: handlers add fields during a request; one line is written at its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_log = logging.getLogger("ocr.request")
_fields: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)


def add_fields(**fields: float | str) -> None:
    """Add fields to the current request's line; never anything of a document's content."""
    line = _fields.get()
    if line is not None:
        line.update(fields)


@contextmanager
def log_request(**fields: float | str) -> Iterator[dict[str, Any]]:
    """Write one line when the block ends: ``fields``, those added during the block, and ``duration_ms``.

    A ``status`` of 500 and more makes it a warning.
    """
    line: dict[str, Any] = dict(fields)
    token = _fields.set(line)
    started = time.perf_counter()
    try:
        yield line
    finally:
        _fields.reset(token)
        # ``ms`` is the old name of the field, kept for one release.
        line["duration_ms"] = line["ms"] = round((time.perf_counter() - started) * 1000, 1)
        _log.log(logging.WARNING if line.get("status", 0) >= 500 else logging.INFO, "request", extra=line)
