"""What the worker pool costs: one job at a time through it, against a plain call and against pickling through a pipe.

``python -m benchmarks.pool`` prints milliseconds and ratios for a text line (21 KB) and an A4 page at 300 dpi (8.7 MB).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol.workers import WorkerPool

Page = NDArray[np.uint8]
SHAPES = {"line": (30, 700), "page": (3508, 2480)}
ROUNDS = {"line": 2000, "page": 60}


def touch(page: Page) -> int:
    """A job that reads every byte once and answers little, as recognition does."""
    return int(page.sum(dtype=np.int64))


def start() -> Callable[[Page], int]:
    return touch


def answer(pipe: Connection) -> None:
    while (page := pipe.recv()) is not None:
        pipe.send(touch(page))


def timed(function: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Wall and parent's CPU milliseconds of one call."""
    function()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(rounds):
        function()
    return (time.perf_counter() - wall) * 1000 / rounds, (time.process_time() - cpu) * 1000 / rounds


def measure(name: str) -> dict[str, tuple[float, float]]:
    page = np.full(SHAPES[name], 200, np.uint8)
    rounds = ROUNDS[name]
    results = {"plain call": timed(lambda: touch(page), rounds)}

    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=answer, args=(theirs,))
    process.start()

    def through_pipe() -> None:
        ours.send(page)
        ours.recv()

    results["pickle through a pipe"] = timed(through_pipe, rounds)
    ours.send(None)
    process.join()

    async def through_pool() -> tuple[float, float]:
        workers: WorkerPool[Page, int] = WorkerPool(start, name="bench", size=1, queue=1, seconds=60)
        await workers.start()
        await workers.run(page)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(rounds):
            await workers.run(page)
        spent = (time.perf_counter() - wall) * 1000 / rounds, (time.process_time() - cpu) * 1000 / rounds
        await workers.stop(grace=1)
        return spent

    results["worker pool"] = asyncio.run(through_pool())
    return results


def main() -> None:
    for name in SHAPES:
        results = measure(name)
        plain = results["plain call"][0]
        for way, (wall, cpu) in results.items():
            print(
                f"{name:5} {way:22} {wall:8.3f} ms, {wall - plain:+8.3f} ms over plain, {cpu:7.3f} ms CPU in the parent"
            )
        print(f"{name:5} pool : pipe = {results['worker pool'][0] / results['pickle through a pipe'][0]:.2f}")


if __name__ == "__main__":
    from benchmarks import pool  # noqa: PLW0406 - so that workers find the functions under this name

    pool.main()
