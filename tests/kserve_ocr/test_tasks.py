from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from kserve_ocr.tasks import gather_or_cancel, release_frames


async def value_of(number: int) -> int:
    await asyncio.sleep(0)
    return number


@pytest.mark.parametrize("count", [0, 1, 5])
def test_results_come_in_order(count: int) -> None:
    async def scenario() -> None:
        assert await gather_or_cancel([value_of(number) for number in range(count)]) == list(range(count))

    asyncio.run(scenario())


def test_the_first_failure_cancels_the_rest() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("first")

    async def scenario() -> None:
        with pytest.raises(LookupError, match="first"):
            await gather_or_cancel([wait(), fail(), wait()])

    asyncio.run(scenario())
    assert ended == ["cancelled", "cancelled"]


class Pages:
    """Stands for much memory."""


def test_a_failure_lets_go_of_what_its_frames_held() -> None:
    held: list[weakref.ref[Pages]] = []

    async def fail() -> None:
        pages = Pages()
        held.append(weakref.ref(pages))
        try:
            raise KeyError("cause")
        except KeyError as error:
            keeper = error  # a frame and an error that know each other
            raise LookupError(repr(keeper)) from error

    async def scenario() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
        except BaseExceptionGroup as error:
            release_frames(error)

    gc.disable()
    try:
        asyncio.run(scenario())
        assert held[0]() is None
    finally:
        gc.enable()
