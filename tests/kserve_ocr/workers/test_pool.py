"""What a pool runs, in what order, and for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import uvloop

from kserve_ocr.protocol.errors import InvalidParameterError, OverloadedError, TimedOutError
from kserve_ocr.workers.fair_queue import CLIENT
from tests.kserve_ocr.workers.scripted_jobs import Pool, Recorder, open_descriptors, pool, until, with_pool


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_runs_jobs_on_both_event_loops(run: Callable[[Any], None]) -> None:
    async def main() -> None:
        workers = pool(size=2)
        assert not workers.ready
        await workers.start()
        assert (workers.ready, workers.idle, workers.busy, workers.queued) == (True, 2, 0, 0)
        answers = await asyncio.gather(*(workers.run(("echo", number)) for number in range(8)))
        assert answers == list(range(8))
        await workers.stop(grace=1)
        assert not workers.ready

    run(main())


@pytest.mark.parametrize("shape", [(0, 0), (30, 700), (3508, 2480), (5,)])
def test_arrays_cross_unchanged(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).integers(0, 255, shape, np.uint8)

    async def scenario(workers: Pool) -> None:
        for _ in range(3):
            answer = await workers.run(("echo", (array, array.astype(np.float64), "text", b"x" * 100_000)))
            np.testing.assert_array_equal(answer[0], array)
            np.testing.assert_array_equal(answer[1], array)
            assert answer[2:] == ["text", b"x" * 100_000]

    with_pool(scenario)


def test_many_small_arrays_cross_unchanged() -> None:
    arrays = [np.full(3, number % 250, np.uint8) for number in range(10_000)]

    async def scenario(workers: Pool) -> None:
        np.testing.assert_array_equal(await workers.run(("echo", arrays)), arrays)
        np.testing.assert_array_equal(await workers.run(("echo", arrays[:1500])), arrays[:1500])

    with_pool(scenario)


def test_large_results_outlive_the_pool_and_leave_no_descriptor() -> None:
    async def main() -> None:
        workers = pool()
        await workers.start()
        before = open_descriptors()
        first = await workers.run(("echo", np.full((2000, 2000), 7, np.uint8)))
        second = await workers.run(("echo", np.full((2000, 2000), 8, np.uint8)))
        await workers.stop(grace=1)
        assert (int(first.min()), int(first.max()), int(second.min())) == (7, 7, 8)
        del first, second
        assert open_descriptors() <= before

    asyncio.run(main())


def test_errors_of_the_contract_are_raised_again() -> None:
    async def scenario(workers: Pool) -> None:
        with pytest.raises(InvalidParameterError, match="use eng") as caught:
            await workers.run(("refuse", "use eng"))
        assert caught.value.retry_after == 7
        assert "scripted_jobs" in "".join(caught.value.__notes__)

    with_pool(scenario)


@pytest.mark.parametrize("job", [("fail", None), ("unportable", None)])
def test_what_cannot_be_sent_is_told_and_the_worker_stays(job: tuple[str, Any]) -> None:
    async def scenario(workers: Pool) -> None:
        pid = await workers.run(("pid", None))
        with pytest.raises(RuntimeError, match=r"UnportableError|object cannot be sent"):
            await workers.run(job)
        assert await workers.run(("pid", None)) == pid

    with_pool(scenario)


def test_a_job_that_does_not_pickle_is_the_callers_error() -> None:
    async def scenario(workers: Pool) -> None:
        with pytest.raises((AttributeError, TypeError)):
            await workers.run(("echo", lambda: None))
        assert await workers.run(("echo", 1)) == 1
        assert workers.idle == 1

    with_pool(scenario)


def test_jobs_are_served_in_order() -> None:
    served: list[int] = []

    async def scenario(workers: Pool) -> None:
        async def one(number: int) -> None:
            await workers.run(("sleep", 0.01))
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(8)))

    with_pool(scenario)
    assert served == list(range(8))


def test_a_client_with_one_job_does_not_wait_for_all_jobs_of_another() -> None:
    served: list[str] = []

    async def scenario(workers: Pool) -> None:
        async def one(client: str) -> None:
            CLIENT.set(client)
            await workers.run(("sleep", 0.05))
            served.append(client)

        jobs = [asyncio.create_task(one("greedy")) for _ in range(8)]
        await asyncio.sleep(0)
        await asyncio.gather(*jobs, asyncio.create_task(one("modest")))

    with_pool(scenario)
    assert served.index("modest") <= 2


def test_a_client_alone_leaves_a_worker_for_the_next_one() -> None:
    async def one(workers: Pool, client: str, job: tuple[str, Any]) -> Any:
        CLIENT.set(client)
        return await workers.run(job)

    async def scenario(workers: Pool) -> None:
        endless = [asyncio.create_task(one(workers, "greedy", ("spin", None))) for _ in range(6)]
        await until(lambda: workers.queued == 4)
        assert (workers.busy, workers.idle) == (2, 1)
        assert await one(workers, "modest", ("echo", "served")) == "served"
        for job in endless:
            job.cancel()
        await asyncio.wait(endless)
        await until(lambda: workers.idle == 3)
        assert await asyncio.gather(*(one(workers, "greedy", ("echo", n)) for n in range(9))) == list(range(9))

    with_pool(scenario, size=2, spare=True)


def test_an_overfull_queue_refuses_with_an_honest_wait() -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        await workers.run(("sleep", 0.6))
        jobs = [asyncio.ensure_future(workers.run(("sleep", 0.05))) for _ in range(1 + 4 + 80)]
        answers = await asyncio.gather(*jobs, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, OverloadedError)]
        assert len(refused) == 80
        assert {error.retry_after for error in refused} <= {3, 4}  # four wait, 0.6 s each, on a busy machine more
        assert len([answer for answer in answers if isinstance(answer, int)]) == 5
        assert await workers.run(("echo", "next")) == "next"

    with_pool(scenario, queue=4, observer=recorder)
    assert recorder.most_queued == 4
    assert recorder.most_busy == 1
    assert recorder.last == (0, 0)
    assert len(recorder.runs) == len(recorder.waits) == 7
    assert recorder.restarts == []


def test_without_a_queue_only_idle_workers_take_jobs() -> None:
    async def scenario(workers: Pool) -> None:
        running = asyncio.ensure_future(workers.run(("sleep", 0.2)))
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError) as caught:
            await workers.run(("echo", 1))
        assert caught.value.retry_after == 1
        await running
        assert await workers.run(("echo", 1)) == 1

    with_pool(scenario, queue=0)


def test_a_large_job_may_have_more_time_than_others() -> None:
    async def scenario(workers: Pool) -> None:
        assert await workers.run(("sleep", 0.3), seconds=20)
        with pytest.raises(TimedOutError, match=r"0\.1 s"):
            await workers.run(("sleep", 20))

    with_pool(scenario, seconds=0.1)
