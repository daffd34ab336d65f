"""How workers are recycled, and how a pool starts and stops."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kserve_ocr.protocol.errors import StartingError, StoppingError
from kserve_ocr.workers.forking.launch import WorkerProgram
from kserve_ocr.workers.pool import WorkerCrashedError
from kserve_ocr.workers.supervisor import WorkerStartError
from tests.kserve_ocr.workers.scripted_jobs import (
    Pool,
    Recorder,
    exists,
    pool,
    start_and_die,
    start_badly,
    start_slowly,
    until,
    with_pool,
)


def test_workers_are_recycled_after_their_jobs() -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        pids = [await workers.run(("pid", None)) for _ in range(6)]
        assert len(set(pids)) == 3

    with_pool(scenario, max_jobs_per_worker=2, observer=recorder)
    assert recorder.restarts == ["recycled_jobs"] * 3


def test_workers_are_recycled_when_they_have_grown() -> None:
    recorder = Recorder()

    async def scenario(workers: Pool) -> None:
        pids = [await workers.run(("hoard", 20 << 20)) for _ in range(4)]
        assert pids[0] == pids[1] != pids[2]
        assert pids[2] == pids[3]

    with_pool(scenario, max_worker_growth_bytes=30 << 20, observer=recorder)
    assert recorder.restarts == ["recycled_memory"] * 2


def test_stopping_answers_everything_admitted() -> None:
    async def main() -> None:
        workers = pool(size=2, queue=20)
        await workers.start()
        jobs = [asyncio.ensure_future(workers.run(("sleep", 0.05))) for _ in range(20)]
        await asyncio.sleep(0)
        pids = workers.pids
        stopping = asyncio.ensure_future(workers.stop(grace=30))
        await asyncio.sleep(0)
        with pytest.raises(StoppingError):
            await workers.run(("echo", 1))
        assert all(isinstance(answer, int) for answer in await asyncio.gather(*jobs))
        await stopping
        assert not [pid for pid in pids if exists(pid)]

    asyncio.run(main())


def test_what_outlasts_the_grace_period_is_ended() -> None:
    async def main() -> None:
        workers = pool(size=1)
        await workers.start()
        jobs = [asyncio.ensure_future(workers.run(("spin", None))) for _ in range(3)]
        await asyncio.sleep(0)
        await workers.stop(grace=0.1)
        for job in jobs:
            with pytest.raises(StoppingError):
                await job

    asyncio.run(main())


def test_stopping_fails_a_job_whose_worker_is_being_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        workers = pool(start=functools.partial(start_slowly, 1.0))
        await workers.start()
        job = asyncio.ensure_future(workers.run(("kill once", str(tmp_path / "killed")), attempts=2))
        await until((tmp_path / "killed").exists)
        await until(lambda: workers.pids == [])
        await workers.stop(grace=0)
        with pytest.raises(StoppingError):
            await job

    asyncio.run(main())


def test_a_new_pool_says_that_it_starts() -> None:
    async def main() -> None:
        workers = pool()
        with pytest.raises(StartingError):
            await workers.run(("echo", 1))
        await workers.stop(grace=0)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("chosen", "message"), [(start_badly, "no model in the cupboard"), (start_and_die, "ended with status 3")]
)
def test_a_worker_that_does_not_start_is_told(chosen: Callable[[], Any], message: str) -> None:
    others = children()

    async def main() -> None:
        with pytest.raises(WorkerStartError, match=message):
            await pool(size=2, start=chosen).start()

    asyncio.run(main())
    assert children() <= others


def test_the_pool_survives_the_loss_of_all_its_processes() -> None:
    others = children()

    async def scenario(workers: Pool) -> None:
        before = workers.pids
        (fork_server,) = children() - others
        job = asyncio.ensure_future(workers.run(("sleep", 600)))
        await until(lambda: workers.busy == 1)
        os.kill(fork_server, signal.SIGKILL)
        with pytest.raises(WorkerCrashedError):
            await job
        await until(lambda: workers.idle == 2)
        assert not set(before) & set(workers.pids)
        assert await workers.run(("echo", 1)) == 1
        await until(lambda: not any(exists(pid) for pid in before))

    with_pool(scenario, size=2)
    assert children() <= others


def serve_for_ever(tell: str) -> None:
    """In a process of its own: a pool with one worker busy, one idle."""

    async def main() -> None:
        workers = pool(size=2, scratch=True)
        await workers.start()
        file = await workers.run(("temporary", None))
        Path(tell).write_text(f"{file} {' '.join(map(str, workers.pids))}\n")
        await workers.run(("spin", None))

    asyncio.run(main())


def test_workers_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    tell = tmp_path / "pids"
    server = multiprocessing.get_context("spawn").Process(target=serve_for_ever, args=(str(tell),))
    server.start()

    async def scenario() -> None:
        await until(lambda: tell.exists() and tell.read_text().endswith("\n"))
        file, *pids = tell.read_text().split()
        assert Path(file).exists()
        server.kill()
        await until(lambda: not any(exists(int(pid)) for pid in pids))
        await until(lambda: not Path(file).parent.parent.exists())

    asyncio.run(scenario())
    server.join()


def test_stopping_while_starting_leaves_nothing() -> None:
    others = children()

    async def main() -> None:
        workers = pool(size=2, start=functools.partial(start_slowly, 60.0))
        starting = asyncio.ensure_future(workers.start())
        await asyncio.sleep(0.5)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        with pytest.raises(StartingError):
            await workers.run(("echo", 1))

    asyncio.run(main())
    assert children() <= others


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_the_environment_is_the_workers_alone() -> None:
    async def scenario(workers: Pool) -> None:
        assert await workers.run(("environment", "OMP_THREAD_LIMIT")) == "1"
        assert await workers.run(("environment", "PATH")) == os.environ["PATH"]

    before = dict(os.environ)
    with_pool(scenario, program=WorkerProgram(environment={"OMP_THREAD_LIMIT": "1"}))
    assert dict(os.environ) == before


def test_signals_to_the_whole_group_are_the_servers_to_handle() -> None:
    async def scenario(workers: Pool) -> None:
        assert await workers.run(("ignored", None)) == [True, True]

    with_pool(scenario)


def test_temporary_files_and_child_processes_end_with_their_worker() -> None:
    left: list[Path] = []

    async def scenario(workers: Pool) -> None:
        file = Path(await workers.run(("temporary", None)))
        child = await workers.run(("child", None))
        assert file.read_text() == "half a page"
        assert exists(child)
        with pytest.raises(WorkerCrashedError):
            await workers.run(("kill", None))
        await until(lambda: not file.exists() and not exists(child))
        left.append(Path(await workers.run(("temporary", None))))

    with_pool(scenario, scratch=True)
    assert not left[0].parent.parent.exists()
