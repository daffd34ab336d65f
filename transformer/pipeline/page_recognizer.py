"""One prepared page: recognized by the predictor, its lines put into reading order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.protocol.parameters import RecognitionOptions
from transformer import metrics
from transformer.pipeline.decode_job import DocumentPage
from transformer.pipeline.predictor_client import PredictorClient, RecognitionResult
from transformer.structure.order.page_order import Order, order_page
from transformer.structure.text import page_text

_ON_THE_LOOP: Final = 100
"""Words up to which ordering a page takes less time than handing it to a thread."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """How the pages of a document are recognized."""

    engine: RecognitionOptions
    order: Order
    wants_layout: bool
    """Whether an output needs the layout."""


class PageRecognizer:
    """Recognizes pages by the predictor."""

    def __init__(self, predictor: PredictorClient) -> None:
        self._predictor = predictor

    async def recognize(self, page: DocumentPage, options: PageOptions, *, deadline: float) -> RecognitionResult:
        """Text, confidence and layout of a page in pixels of the prepared page; ``deadline`` is in the loop's time.

        Raises what :meth:`PredictorClient.read` raises.
        """
        with metrics.stage("transfer"):
            reading = await self._predictor.read(
                page.pixels,
                replace(options.engine, dpi=page.dpi),
                wants_layout=options.wants_layout or options.order != "engine",
                deadline=deadline,
            )
        if reading.layout is None or options.order == "engine":
            return reading
        layout, order = reading.layout, options.order
        with metrics.stage("order"):
            ordered = await _off_the_loop(lambda: order_page(layout, order=order, separators=page.separators), layout)
        metrics.record_order(changed=ordered.changed)
        if not ordered.changed:
            return reading
        return replace(reading, layout=ordered.layout, text=page_text(ordered.layout))


async def _off_the_loop(work: Callable[[], Result], layout: PageLayout) -> Result:
    """What ``work`` returns, done in a thread if the page has many words: it would hold up the event loop."""
    if sum(1 for _ in layout.iter_words()) <= _ON_THE_LOOP:
        return work()
    return await asyncio.to_thread(work)
