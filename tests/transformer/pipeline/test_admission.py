from __future__ import annotations

import asyncio

import pytest

from kserve_ocr.protocol.errors import OverloadedError
from kserve_ocr.workers.fair_queue import CLIENT
from transformer.pipeline.admission import Admission, DecodingSlots, InFlightLimiter, WeightedSemaphore


def test_no_more_are_admitted_than_may_be() -> None:
    admission = Admission(2)
    with admission.enter(), admission.enter():
        with pytest.raises(OverloadedError) as told, admission.enter():
            raise AssertionError("let in")
        assert told.value.retry_after
    with admission.enter(), admission.enter():
        pass


def test_a_failure_gives_its_place_back() -> None:
    admission = Admission(1)
    with pytest.raises(LookupError), admission.enter():
        raise LookupError
    with admission.enter():
        pass


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_shares_are_given_in_order_as_they_come_free() -> None:
    async def scenario() -> None:
        budget = WeightedSemaphore(10)
        got: list[str] = []

        async def take(name: str, amount: int) -> None:
            await budget.acquire(amount)
            got.append(name)

        await take("first", 6)
        tasks = [asyncio.create_task(take(name, amount)) for name, amount in (("large", 9), ("small", 2), ("last", 2))]
        await settle()
        assert got == ["first"]  # the small one would fit, but does not overtake
        budget.release(6)
        await settle()
        assert got == ["first", "large"]
        budget.release(9)
        await settle()
        assert got == ["first", "large", "small", "last"]
        assert all(task.done() for task in tasks)

    asyncio.run(scenario())


def test_a_share_larger_than_the_whole_waits_until_it_is_alone() -> None:
    async def scenario() -> None:
        budget = WeightedSemaphore(10)
        await budget.acquire(1)
        large = asyncio.create_task(budget.acquire(99))
        await settle()
        assert not large.done()
        budget.release(1)
        await large
        budget.release(99)
        await budget.acquire(10)

    asyncio.run(scenario())


@pytest.mark.parametrize("granted", [False, True], ids=["while it waits", "as it is granted"])
def test_who_goes_away_takes_nothing(granted: bool) -> None:
    async def scenario() -> None:
        budget = WeightedSemaphore(10)
        await budget.acquire(10)
        gone = asyncio.create_task(budget.acquire(10))
        behind = asyncio.create_task(budget.acquire(10))
        await settle()
        if granted:
            budget.release(10)
        gone.cancel()
        await settle()
        assert gone.cancelled()
        if not granted:
            budget.release(10)
        await settle()
        assert behind.done()

    asyncio.run(scenario())


A4 = 2480 * 3508


async def entered(limiter: InFlightLimiter, sizes: list[int]) -> int:
    """How many of pages of these sizes get in at once."""
    tasks = [asyncio.create_task(limiter.acquire(size)) for size in sizes]
    await settle()
    return sum(task.done() for task in tasks)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(A4, 4), (4 * A4, 4), (A4 // 2, 8), (100_000, 360)],
    ids=["A4 pages", "larger pages", "halves", "lines"],
)
def test_pages_in_flight_are_counted_by_their_size(size: int, expected: int) -> None:
    async def scenario() -> None:
        limiter = InFlightLimiter(pages=4, pixels=1_000_000_000)
        assert await entered(limiter, [size] * 400) == expected
        for _ in range(expected):
            limiter.release(size)
        await settle()

    asyncio.run(scenario())


def test_large_pages_in_flight_stay_within_the_pixels() -> None:
    async def scenario() -> None:
        limiter = InFlightLimiter(pages=4, pixels=150_000_000)
        assert await entered(limiter, [60_000_000] * 3) == 2
        limiter.release(60_000_000)
        await settle()
        assert await entered(limiter, [30_000_000]) == 1

    asyncio.run(scenario())


def test_who_goes_away_before_entering_leaves_no_trace() -> None:
    async def scenario() -> None:
        limiter = InFlightLimiter(pages=4, pixels=100_000_000)
        await limiter.acquire(100_000_000)
        gone = asyncio.create_task(limiter.acquire(A4))
        await settle()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        limiter.release(100_000_000)
        assert await entered(limiter, [A4] * 5) == 4

    asyncio.run(scenario())


def test_one_client_leaves_slots_for_decoding_to_the_others() -> None:
    async def hold(slots: DecodingSlots, client: str, until: asyncio.Event, inside: list[str]) -> None:
        CLIENT.set(client)
        async with slots.slot():
            inside.append(client)
            await until.wait()

    async def main() -> list[str]:
        slots, until, inside = DecodingSlots(4), asyncio.Event(), list[str]()
        holders = [asyncio.create_task(hold(slots, client, until, inside)) for client in [*"gggggggg", *"nnn"]]
        for _ in range(20):
            await asyncio.sleep(0)
        found = sorted(inside)
        until.set()
        await asyncio.gather(*holders)
        assert len(inside) == len(holders)
        return found

    assert asyncio.run(main()) == [*"gggg", *"nn"]
