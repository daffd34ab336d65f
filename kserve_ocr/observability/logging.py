"""JSON logging to stderr, one object per line, for all loggers of the process; document content is never logged."""

from __future__ import annotations

import logging
import logging.config
import traceback
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from kserve_ocr.observability import tracing
from kserve_ocr.protocol.errors import OcrError

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
LONGEST: Final = 300
"""Maximum number of characters of a value in a log line, too few for document content."""


class JsonFormatter(logging.Formatter):
    """``time``, ``level``, ``logger``, ``message``, ``request_id`` and ``trace_id`` if any, then the extras.

    Extras are numbers, short strings, and lists or mappings of those; anything else is written as its type name, so
    that a document passed by mistake is not logged.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _short(record.getMessage()),
        }
        if request_id := tracing.request_id():
            line["request_id"] = _short(request_id)
        if trace := tracing.current():
            line["trace_id"] = trace.trace_id
        for name, value in vars(record).items():
            if name not in _OWN and name not in line:
                line[name] = _plain(value)
        if record.exc_info and record.exc_info[1]:
            line["error"] = _error(record.exc_info[1])
        return orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS).decode()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _plain(value: object) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and len(value) <= LONGEST:
        return [_plain(item) for item in value]
    return type(value).__name__


def _error(error: BaseException) -> dict[str, Any]:
    """Type and stack of an exception; its message only for types whose messages contain no request data."""
    frames = traceback.extract_tb(error.__traceback__)
    said = {"text": _short(str(error))} if isinstance(error, OcrError | OSError) else {}
    return {
        "type": type(error).__name__,
        **said,
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        **({"cause": _error(error.__cause__)} if error.__cause__ else {}),
    }


def configure(level: str = "info") -> None:
    """Configure logging of the whole process. Call it before KServe's server is created, which then keeps it.

    Lines for every request from uvicorn (probes, scrapes) and KServe's timings are off: the service writes one line a
    request itself.
    """
    # The caller and ids of thread and process are not logged, and finding them costs more than the line itself.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    own = {"handlers": ["stderr"], "level": level.upper(), "propagate": False}
    quiet = {"level": "WARNING", "propagate": True, "handlers": []}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "json",
                    "stream": "ext://sys.stderr",
                }
            },
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {
                # KServe configures its logger if it has no handler, so it gets one of its own.
                "kserve": own,
                "kserve.trace": quiet,
                "uvicorn": {"handlers": [], "level": level.upper(), "propagate": True},
                "uvicorn.error": {"level": level.upper()},
                "uvicorn.access": quiet,
                "httpx": quiet,
            },
        }
    )
