from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvloop

from kserve_ocr.protocol.errors import (
    InvalidParameterError,
    OverloadedError,
    StartingError,
    StoppingError,
    TimedOutError,
)
from kserve_ocr.workers.fair_queue import CLIENT
from kserve_ocr.workers.forking.launch import WorkerProgram
from kserve_ocr.workers.observer import PoolObserver, Restart
from kserve_ocr.workers.pool import WorkerCrashedError, WorkerPool
from kserve_ocr.workers.supervisor import WorkerStartError
from tests.support import worker_pools

Pool = WorkerPool[tuple[str, Any], Any]
Scenario = Callable[[], Awaitable[None]]


def start() -> Callable[[tuple[str, Any]], Any]:
    return handle


def start_slowly(seconds: float) -> Callable[[tuple[str, Any]], Any]:
    time.sleep(seconds)
    return handle


def start_badly() -> Callable[[tuple[str, Any]], Any]:
    raise RuntimeError("no model in the cupboard")


def start_and_die() -> Callable[[tuple[str, Any]], Any]:
    os._exit(3)


_hoard: list[bytearray] = []


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def spin(_: None) -> None:
    while True:
        pass


def kill_once(marker: str) -> int:
    if not Path(marker).exists():
        Path(marker).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def refuse(message: str) -> None:
    raise InvalidParameterError(message, retry_after=7)


def fail(_: None) -> None:
    raise UnportableError(unportable(None))


def unportable(_: None) -> Any:
    return object()


def hoard(size: int) -> int:
    _hoard.append(bytearray(b"x") * size)
    return os.getpid()


def temporary(_: None) -> str:
    file = Path(tempfile.mkstemp()[1])
    file.write_text("half a page")
    return str(file)


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "echo": lambda value: value,
    "pid": lambda _: os.getpid(),
    "sleep": sleep,
    "spin": spin,
    "kill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "kill once": kill_once,
    "stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
    "refuse": refuse,
    "fail": fail,
    "unportable": unportable,
    "allocate": lambda size: len(bytearray(size)),
    "hoard": hoard,
    "environment": os.environ.get,
    "temporary": temporary,
    "child": lambda _: os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {}),
    "ignored": lambda _: [signal.getsignal(number) == signal.SIG_IGN for number in (signal.SIGINT, signal.SIGTERM)],
}


def handle(job: tuple[str, Any]) -> Any:
    action, argument = job
    return ACTIONS[action](argument)


class UnportableError(Exception):
    """No error of the contract."""


class Recorder(PoolObserver):
    def __init__(self) -> None:
        self.restarts: list[Restart] = []
        self.waits: list[float] = []
        self.runs: list[float] = []
        self.most_queued = 0
        self.most_busy = 0
        self.last = (0, 0)

    def queued(self, jobs: int) -> None:
        self.most_queued = max(self.most_queued, jobs)
        self.last = jobs, self.last[1]

    def busy(self, workers: int) -> None:
        self.most_busy = max(self.most_busy, workers)
        self.last = self.last[0], workers

    def waited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def ran(self, seconds: float) -> None:
        self.runs.append(seconds)

    def restarted(self, reason: Restart) -> None:
        self.restarts.append(reason)


def pool(*, size: int = 1, queue: int = 10, seconds: float = 30.0, **more: Any) -> Pool:
    chosen = more.pop("start", start)
    return WorkerPool(chosen, result=Any, name="test", size=size, queue=queue, seconds=seconds, **more)


def with_pool(scenario: Callable[[Pool], Awaitable[None]], **settings: Any) -> list[int]:
    """Run a scenario; the process ids that the pool had at its end, all gone by now."""

    pids = worker_pools.with_pool(lambda: pool(**settings), scenario)
    assert not [pid for pid in pids if exists(pid)]
    return pids


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


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
        assert "test_pool" in "".join(caught.value.__notes__)

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
    ("chosen", "message"),
    [(start_badly, "no model in the cupboard"), (start_and_die, "ended with status 3")],
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
