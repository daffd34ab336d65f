"""One log line a request: whoever works on it notes figures, the server writes them when it ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_log = logging.getLogger("ocr.request")
_notes: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)


def note(**figures: float | str) -> None:
    """Add figures to the current request's line; never anything of a document's content."""
    notes = _notes.get()
    if notes is not None:
        notes.update(figures)


@contextmanager
def line(**figures: float | str) -> Iterator[dict[str, Any]]:
    """Write one line when the block ends, with ``figures``, what was noted meanwhile, and milliseconds in all.

    A ``status`` of 500 and more makes it a warning.
    """
    notes: dict[str, Any] = dict(figures)
    token = _notes.set(notes)
    started = time.perf_counter()
    try:
        yield notes
    finally:
        _notes.reset(token)
        notes["ms"] = round((time.perf_counter() - started) * 1000, 1)
        _log.log(logging.WARNING if notes.get("status", 0) >= 500 else logging.INFO, "request", extra=notes)
