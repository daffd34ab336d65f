"""Worker pools for the length of a scenario."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from kserve_ocr.workers.pool import WorkerPool

Job = TypeVar("Job")
Result = TypeVar("Result")


def with_pool(
    make: Callable[[], WorkerPool[Job, Result]], scenario: Callable[[WorkerPool[Job, Result]], Awaitable[Any]]
) -> list[int]:
    """Run a scenario with a started pool in an event loop of its own; the process ids of the workers at its end."""

    async def main() -> list[int]:
        pool = make()
        await pool.start()
        try:
            await scenario(pool)
            return pool.pids
        finally:
            await pool.stop(grace=0)

    return asyncio.run(main())
