"""Jobs that take too long, kill their worker, need too much memory or are cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from kserve_ocr.protocol.errors import TimedOutError
from kserve_ocr.workers.pool import WorkerCrashedError
from tests.kserve_ocr.workers.scripted_jobs import Pool, Recorder, exists, until, with_pool


@pytest.mark.parametrize("job", [("spin", None), ("sleep", 600), ("stop", None)])
def test_a_job_over_its_time_is_ended_and_its_worker_replaced(job: tuple[str, Any]) -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        pid = await workers.run(("pid", None))
        with pytest.raises(TimedOutError, match=r"0\.2 s"):
            await workers.run(job, seconds=0.2)
        assert await workers.run(("pid", None)) != pid
        await until(lambda: not exists(pid))

    with_pool(scenario, observer=recorder)
    assert recorder.restarts == ["timeout"]


def test_time_counts_from_the_start_of_the_job() -> None:
    async def scenario(workers: Pool) -> None:
        await asyncio.gather(*(workers.run(("sleep", 0.3)) for _ in range(4)))

    with_pool(scenario, seconds=1.0)


def test_a_deadline_counts_waiting_and_running() -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        now = asyncio.get_running_loop().time()
        running = asyncio.ensure_future(workers.run(("sleep", 1)))
        await asyncio.sleep(0)
        with pytest.raises(TimedOutError, match="no worker was free"):
            await workers.run(("echo", 1), deadline=now + 0.2)
        assert workers.queued == 0
        await running
        assert recorder.restarts == []
        with pytest.raises(TimedOutError, match="took longer"):
            await workers.run(("sleep", 600), deadline=asyncio.get_running_loop().time() + 0.2)

    with_pool(scenario, observer=recorder)
    assert recorder.restarts == ["timeout"]


def test_a_killed_worker_fails_its_job_only() -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        answers = await asyncio.gather(
            workers.run(("sleep", 0.3)), workers.run(("kill", None)), workers.run(("echo", 1)), return_exceptions=True
        )
        assert isinstance(answers[1], WorkerCrashedError)
        assert answers[1].cause == "was killed by SIGKILL"
        assert answers[2] == 1
        await until(lambda: workers.idle == 2)

    with_pool(scenario, size=2, observer=recorder)
    assert recorder.restarts == ["crash"]


def test_a_crashed_job_is_tried_again_on_a_fresh_worker(tmp_path: Path) -> None:
    marker = tmp_path / "killed"

    async def scenario(workers: Pool) -> None:
        before = set(workers.pids)
        pid = await workers.run(("kill once", str(marker)), attempts=2)
        assert int(marker.read_text()) in before
        assert pid not in before
        with pytest.raises(WorkerCrashedError):
            await workers.run(("kill", None), attempts=2)
        assert await workers.run(("echo", 1)) == 1

    with_pool(scenario, size=2, queue=0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_worker_killed_while_idle_is_replaced(number: signal.Signals) -> None:
    async def scenario(workers: Pool) -> None:
        (pid,) = workers.pids
        os.kill(pid, number)
        assert await workers.run(("pid", None), attempts=2) != pid
        (pid,) = workers.pids
        os.kill(pid, number)
        await until(lambda: workers.idle == 1 and workers.pids != [pid])
        assert await workers.run(("echo", 1)) == 1

    with_pool(scenario)


def test_a_worker_out_of_memory_fails_its_job_only() -> None:
    async def scenario(workers: Pool) -> None:
        assert await workers.run(("allocate", 1 << 20)) == 1 << 20
        with pytest.raises(WorkerCrashedError) as caught:
            await workers.run(("allocate", 1 << 34))
        assert caught.value.cause == "ran out of memory"
        assert await workers.run(("echo", 1)) == 1

    with_pool(scenario, memory_bytes=4 << 30)


def test_cancelling_a_waiting_job_takes_it_out_of_the_queue() -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        running = asyncio.ensure_future(workers.run(("sleep", 0.3)))
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(workers.run(("spin", None)))
        await until(lambda: workers.queued == 1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert workers.queued == 0
        await running
        assert await workers.run(("echo", 1)) == 1

    with_pool(scenario, observer=recorder)
    assert recorder.restarts == []


def test_cancelling_a_running_job_ends_its_worker() -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        pids = workers.pids
        running = asyncio.ensure_future(workers.run(("spin", None)))
        await until(lambda: workers.busy == 1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await workers.run(("pid", None)) not in pids
        await until(lambda: not exists(pids[0]))

    with_pool(scenario, observer=recorder)
    assert recorder.restarts == ["cancelled"]


def test_cancelling_at_any_moment_loses_no_worker() -> None:
    async def scenario(workers: Pool) -> None:
        for turns in range(12):
            jobs = [asyncio.ensure_future(workers.run(("echo", number))) for number in range(4)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for job in jobs[::2]:
                job.cancel()
            answers = await asyncio.gather(*jobs, return_exceptions=True)
            assert answers[1::2] == [1, 3]
        await until(lambda: workers.idle == 2)

    with_pool(scenario, size=2)
