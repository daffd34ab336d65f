from __future__ import annotations

import asyncio
import contextlib
import time

from prometheus_client import REGISTRY

from kserve_ocr.observability.event_loop import INTERVAL_SECONDS, measure_delay


def late(more_than: str) -> float:
    """Observations above a bucket's limit so far."""
    count = REGISTRY.get_sample_value("ocr_event_loop_delay_seconds_count") or 0.0
    within = REGISTRY.get_sample_value("ocr_event_loop_delay_seconds_bucket", {"le": more_than}) or 0.0
    return count - within


def test_a_loop_that_is_held_up_is_seen() -> None:
    async def scenario() -> None:
        measuring = asyncio.create_task(measure_delay())
        await asyncio.sleep(INTERVAL_SECONDS / 2)
        time.sleep(0.5)
        await asyncio.sleep(INTERVAL_SECONDS)
        measuring.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await measuring

    before = late("0.25")
    asyncio.run(scenario())

    assert late("0.25") - before >= 1
