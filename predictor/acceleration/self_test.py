"""Recognizes a known page with and without the acceleration, in a child process, before it is used.

The child can crash or hang without harm. Only if it recognized the same both times, and faster with the acceleration,
is the acceleration installed in this process.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from predictor.acceleration.install import install
from predictor.acceleration.state import UNMODIFIED, Acceleration

Recognize = Callable[[NDArray[np.uint8]], Any]
"""Text, boxes and confidences of a gray page, in a form that compares by value."""

_TIMEOUT_SECONDS: Final = 30.0
_ROUNDS: Final = 2
_LINES: Final = ("Invoice 2024-117: 38 boxes", "are due by 5 March, EUR 1,960")


def install_if_it_passes(recognize: Recognize, *, timeout: float = _TIMEOUT_SECONDS) -> Acceleration:
    """Install the acceleration if ``recognize`` gives the same results with it, and faster.

    ``recognize`` must work already; it runs ``2 * _ROUNDS`` times in a forked child. Call it from a process with one
    thread. Times are CPU times, so that a busy machine does not fail the test.
    """
    result = _in_child(lambda: _compare(recognize), timeout=timeout)
    return install() if result.reason == "ok" else result


def known_page() -> NDArray[np.uint8]:
    """Two lines of text over a rule: gray, shape (110, 440)."""
    image = Image.new("L", (440, 110), 255)
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(_LINES):
        pen.text((12, 10 + 40 * number), line, font=ImageFont.load_default(size=26), fill=0)
    pen.line((12, 98, 428, 98), fill=0, width=3)
    return np.asarray(image).copy()


def _compare(recognize: Recognize) -> str:
    page = known_page()
    expected, seconds = _timed(recognize, page)
    acceleration = install()
    if acceleration.simd == UNMODIFIED:
        return acceleration.reason
    result, accelerated_seconds = _timed(recognize, page)
    if result != expected:
        return "different"
    return "ok" if accelerated_seconds < seconds else "slower"


def _timed(recognize: Recognize, page: NDArray[np.uint8]) -> tuple[list[Any], float]:
    """Every round's result, and the CPU seconds of the fastest."""
    results, times = [], []
    for _ in range(_ROUNDS):
        began = time.process_time()
        results.append(recognize(page))
        times.append(time.process_time() - began)
    return results, min(times)


def _in_child(test: Callable[[], str], *, timeout: float) -> Acceleration:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _run_and_exit(test, writer)
    os.close(writer)
    with open(reader, "rb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor
        ready, _, _ = select.select([pipe], [], [], timeout)
        reason = pipe.read(64).decode() if ready else "timeout"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return Acceleration(UNMODIFIED, reason or "crashed")


def _run_and_exit(test: Callable[[], str], writer: int) -> None:
    """Write the reason and end this process without any clean-up of its parent's state."""
    try:
        os.write(writer, test().encode())
    finally:
        os._exit(0)
