"""Where bodies are parsed: small ones on the event loop, large ones in a thread, so that probes are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

ON_THE_LOOP: Final = 262_144
"""Bytes that are parsed in a few milliseconds at most, whatever they hold."""


async def parsed(parse: Callable[[], T], *, size: int) -> T:
    """What ``parse`` returns for a body of ``size`` bytes. Raises what it raises.

    A thread does not stop the others as long as no single call of a C library takes long, which the bounds on values
    see to. When the caller is cancelled, the thread ends by itself: parsing is bounded.
    """
    return await asyncio.to_thread(parse) if size > ON_THE_LOOP else parse()
