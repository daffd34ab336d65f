"""Output formats made in threads of their own: under the request's deadline, and no longer than someone waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from kserve_ocr.protocol.errors import TimedOutError
from kserve_ocr.protocol.v2_response import Tensor
from transformer.pipeline.rendering import outputs
from transformer.pipeline.results import DocumentResult

_THREADS: Final = 2
"""Formats are pure Python, so more threads would not make more of them; a second one keeps a short document from
waiting for the formats of a long one."""


class FormatExecutor:
    """Makes outputs off the event loop. One output of one document is the unit that is not interrupted."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="format")

    async def make(
        self, names: Sequence[str], documents: Sequence[DocumentResult], *, deadline: float
    ) -> dict[str, Tensor]:
        """What :func:`transformer.pipeline.rendering.outputs.make` returns; ``deadline`` is in the event loop's time.

        Raises TimedOutError at the deadline. Then, and when the caller is cancelled, what is not yet made is dropped.
        """
        dropped = threading.Event()
        make = partial(outputs.make, names, documents, dropped=dropped.is_set)
        work = asyncio.get_running_loop().run_in_executor(self._threads, make)
        try:
            async with asyncio.timeout_at(deadline):
                return await work
        except TimeoutError:
            raise TimedOutError(
                "the outputs were not made within the request's time budget; send fewer pages or ask for fewer outputs"
            ) from None
        finally:
            dropped.set()

    def stop(self) -> None:
        """Begin nothing more. A step that runs ends by itself and is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
