"""How long the event loop was held up: probes, time limits and every other request wait that long."""

from __future__ import annotations

import asyncio
from typing import Final

from prometheus_client import Histogram

INTERVAL_SECONDS: Final = 0.1
DELAY_SECONDS: Final = Histogram(
    "ocr_event_loop_delay_seconds",
    "Seconds by which the event loop was late for a timer that is due ten times a second.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


async def measure_delay() -> None:
    """Observe the delay of the running loop until cancelled. One observation for each time that the loop was late."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + INTERVAL_SECONDS
        await asyncio.sleep(INTERVAL_SECONDS)
        DELAY_SECONDS.observe(max(0.0, loop.time() - due))
