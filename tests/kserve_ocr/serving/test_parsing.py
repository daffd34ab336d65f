from __future__ import annotations

import asyncio
import threading

from kserve_ocr.serving.parsing import ON_THE_LOOP, parsed


def test_the_loop_runs_while_a_large_body_is_parsed() -> None:
    """Parsing waits for what only the loop does."""

    async def main() -> bool:
        served = threading.Event()
        asyncio.get_running_loop().call_soon(served.set)
        return await parsed(lambda: served.wait(30), size=ON_THE_LOOP + 1)

    assert asyncio.run(main())


def test_a_small_body_is_parsed_at_once() -> None:
    async def main() -> int:
        return await parsed(threading.get_ident, size=ON_THE_LOOP)

    assert asyncio.run(main()) == threading.get_ident()


def test_two_large_bodies_are_parsed_at_a_time() -> None:
    """The third waits, so that the loop is not one of many threads that wait for the interpreter."""
    both_run, third_ran = threading.Barrier(2), threading.Event()

    def first_two() -> bool:
        both_run.wait(30)
        too_early = third_ran.is_set()
        both_run.wait(30)  # neither thread is free before both have looked
        return too_early

    async def main() -> list[object]:
        jobs = [parsed(job, size=ON_THE_LOOP + 1) for job in (first_two, first_two, third_ran.set)]
        return await asyncio.gather(*jobs)

    assert asyncio.run(main())[:2] == [False, False]
    assert third_ran.is_set()
