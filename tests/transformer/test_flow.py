from __future__ import annotations

import asyncio

import pytest

from protocol.errors import OverloadedError
from transformer.flow import Admission, Budget


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
        budget = Budget(10)
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
        budget = Budget(10)
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
        budget = Budget(10)
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
