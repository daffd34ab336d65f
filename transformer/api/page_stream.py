"""``application/x-ndjson``: one JSON object a page, sent as soon as it and all before it are recognized."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kserve_ocr.observability import access_log
from kserve_ocr.observability.metrics import Outcome
from kserve_ocr.protocol import names
from kserve_ocr.protocol.layout import to_json
from kserve_ocr.serving.exception_mapping import to_ocr_error
from transformer.api.negotiation import NDJSON
from transformer.pipeline.page_events import Recognize, pages_in_order
from transformer.pipeline.results import PageResult

Lines = AsyncGenerator[bytes, None]


class StreamResponse(Response):
    """Sends lines as they come. An error before the first line is raised, so that it gets its own status."""

    media_type = NDJSON

    def __init__(self, lines: Lines) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        async with contextlib.aclosing(self._lines) as lines:
            async for line in lines:
                if not started:
                    await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                    started = True
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def page_lines(recognize: Recognize, *, outputs: Iterable[str], outcome: Outcome) -> Lines:
    """A line a page in page order, and a last one that sums up or says what failed.

    Raises what goes wrong before the first line; later errors are the last line, with the status they would have had.
    """
    sent = 0
    with_layout = names.WORDS in outputs
    try:
        async with contextlib.aclosing(pages_in_order(recognize)) as pages:
            async for document, page in pages:
                yield _line(_page(document, page, with_layout=with_layout))
                sent += 1
        yield _line({"done": True, "pages": sent})
    except Exception as raised:
        error = to_ocr_error(raised)
        if not sent:
            raise error from raised
        outcome.code = error.code
        access_log.add_fields(code=error.code)
        yield _line({"done": False, "pages": sent, "status": error.status, **error.body()})


def _page(document: int, page: PageResult, *, with_layout: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "document": document,
        "page": page.number,
        "text": page.text,
        "confidence": round(page.confidence, 4),
    }
    if with_layout and page.layout is not None:
        found |= to_json(page.layout)
    return found


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
