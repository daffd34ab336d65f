from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest

from kserve_ocr.workers.forking import launch
from kserve_ocr.workers.forking.launch import WorkerProgram
from kserve_ocr.workers.pool import WorkerPool
from tests.support.http_calls import until

PROGRAM = WorkerProgram(("json",), {"OMP_NUM_THREADS": "1"})


def parent_process() -> Callable[[None], int]:
    return lambda _: os.getppid()


async def fork_server_of_a_pool() -> int:
    pool: WorkerPool[None, int] = WorkerPool(
        parent_process, result=int, name="test", size=1, queue=1, seconds=20, program=PROGRAM
    )
    await pool.start()
    try:
        return await pool.run(None)
    finally:
        await pool.stop(grace=5)


def test_a_pool_takes_the_process_that_was_launched_early() -> None:
    launch.launch_early(PROGRAM)
    ((_, early),) = launch._early
    assert asyncio.run(fork_server_of_a_pool()) == early.process.pid
    assert not launch._early
    assert early.process.poll() is not None


def test_a_process_that_ended_is_replaced() -> None:
    launch.launch_early(PROGRAM)
    ((_, early),) = launch._early
    early.process.kill()
    early.process.wait()
    assert asyncio.run(fork_server_of_a_pool()) != early.process.pid
    assert not launch._early


def test_another_program_starts_a_process_of_its_own() -> None:
    launch.launch_early(WorkerProgram(("json", "csv")))
    ((_, early),) = launch._early
    try:
        assert asyncio.run(fork_server_of_a_pool()) != early.process.pid
    finally:
        launch._early.clear()
        early.discard()


@pytest.mark.parametrize("end", ["sys.exit()", "os.kill(os.getpid(), 9)"])
def test_it_ends_with_the_server_that_never_used_it(end: str) -> None:
    server = f"""
import os, sys
from kserve_ocr.workers.forking import launch
launch.launch_early(launch.WorkerProgram(("json",)))
print(launch._early[0][1].process.pid, flush=True)
{end}
"""
    ended = subprocess.run([sys.executable, "-c", server], capture_output=True, text=True, check=False)
    pid = int(ended.stdout)
    until(lambda: not psutil.pid_exists(pid), "the fork server's end")


def imported() -> Callable[[str], bool]:
    return sys.modules.__contains__


def test_rare_modules_are_imported_when_the_first_workers_are_ready() -> None:
    program = WorkerProgram(rare_modules=("wave",))

    async def scenario() -> None:
        pool: WorkerPool[str, bool] = WorkerPool(
            imported, result=bool, name="test", size=1, queue=1, seconds=20, program=program, max_jobs_per_worker=1
        )
        await pool.start()
        try:
            assert not await pool.run("wave")  # the first worker
            while not await pool.run("wave"):  # each is replaced after its job
                await asyncio.sleep(1.5)
        finally:
            await pool.stop(grace=5)

    asyncio.run(asyncio.wait_for(scenario(), 60))
