"""Helpers for coroutines that run concurrently."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def gather_or_cancel(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order. The first failure cancels what is still running and is raised by itself."""
    if len(work) == 1:
        return [await work[0]]
    tasks = [asyncio.create_task(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        tasks.clear()  # break the reference cycle exception → traceback → frame → task → exception


def release_frames(error: BaseException) -> None:
    """Clear the frames in the tracebacks of an error and of its causes.

    Their locals hold pages, and traceback, frame and exception often form a reference cycle that would keep a page in
    memory until the next collection. File names, lines and functions remain for the log.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        traceback.clear_frames(found.__traceback__)
        waiting += (found.__cause__, found.__context__, *getattr(found, "exceptions", ()))
