"""Functions run in a process of their own: there is no way back from an installed acceleration."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

_SECONDS = 240


def run_in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a picklable function in a new process. Raises AssertionError if the process fails."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_send_result, args=(sender, function, *arguments))
    process.start()
    sender.close()
    assert receiver.poll(_SECONDS), "no result"
    try:
        result = receiver.recv()
    except EOFError:
        result = None
    process.join(timeout=10)
    assert process.exitcode == 0, f"exit status {process.exitcode}"
    return result


def _send_result(sender: Any, function: Callable[..., Any], *arguments: Any) -> None:
    sender.send(function(*arguments))
