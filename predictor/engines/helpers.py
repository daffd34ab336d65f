"""Copies of this process that work for it: what they need is in their memory already, so nothing is sent to them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Generic, Self, TypeVar

from protocol import kin

Result = TypeVar("Result")

_FORK = multiprocessing.get_context("fork")


class Helper(Generic[Result]):
    """One copy that does ``work`` once, for as long as the context lasts. Its process must have a single thread."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._results, theirs = _FORK.Pipe(duplex=False)
        with theirs:
            self._process = _FORK.Process(target=_work, args=(work, theirs, os.getpid()), daemon=True)
            self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.join()
        self._results.close()

    def result(self) -> Result | None:
        """What the work gave; None if the copy ended before it could tell."""
        try:
            result: Result = self._results.recv()
        except (EOFError, OSError):
            return None
        return result


def _work(work: Callable[[], Result], results: Connection, parent: int) -> None:
    kin.end_with(parent)
    results.send(work())
