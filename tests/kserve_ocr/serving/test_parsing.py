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
