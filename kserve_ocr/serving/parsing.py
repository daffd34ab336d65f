"""Where bodies are parsed: small ones on the event loop, large ones in a thread, so that probes are answered."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

ON_THE_LOOP: Final = 262_144
"""Bytes that are parsed in a few milliseconds at most, whatever they hold."""
_PARSERS: Final = ThreadPoolExecutor(2, thread_name_prefix="parser")
"""The event loop has to wait for its turn at the interpreter, which more threads would make longer."""


async def parsed(parse: Callable[[], T], *, size: int) -> T:
    """What ``parse`` returns for a body of ``size`` bytes. Raises what it raises.

    A thread does not stop the others as long as no single call of a C library takes long, which the bounds on values
    see to. When the caller is cancelled, a body that waits for a thread is not parsed, and a thread ends by itself:
    parsing is bounded.
    """
    if size <= ON_THE_LOOP:
        return parse()
    return await asyncio.get_running_loop().run_in_executor(_PARSERS, contextvars.copy_context().run, parse)
