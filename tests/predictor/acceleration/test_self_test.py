from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from predictor.acceleration import self_test
from predictor.acceleration.self_test import install_if_it_passes, known_page
from predictor.acceleration.state import Acceleration
from tests.predictor.acceleration.processes import run_in_process

_ROUNDS = 2
calls = 0


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def spin_before_only() -> str:
    spin(0.05 if calls <= _ROUNDS else 0.01)
    return "text"


def spin_after_only() -> str:
    spin(0.05 if calls > _ROUNDS else 0.01)
    return "text"


FAULTS: dict[str, Callable[[], Any]] = {
    "ok": spin_before_only,
    "slower": spin_after_only,
    "different": lambda: calls <= _ROUNDS,
    "crashed": lambda: os.kill(os.getpid(), signal.SIGSEGV) if calls > _ROUNDS else None,
    "raised": lambda: 1 // max(0, _ROUNDS + 1 - calls),
    "timeout": lambda: time.sleep(60) if calls > _ROUNDS else None,
}


def run_with(fault: str) -> tuple[Acceleration, bool]:
    """The result of the self-test, and whether the acceleration was installed in the process itself."""
    parent = os.getpid()
    installed = False

    def recognize(_: NDArray[np.uint8]) -> Any:
        global calls  # noqa: PLW0603 - counted in the child
        calls += 1
        return FAULTS[fault]()

    def install() -> Acceleration:
        nonlocal installed
        installed = installed or os.getpid() == parent
        return Acceleration("avx2", "ok")

    setattr(self_test, "install", install)  # noqa: B010 - not exported
    return install_if_it_passes(recognize, timeout=1 if fault == "timeout" else 30), installed


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("different", "different"),
        ("slower", "slower"),
        ("crashed", "crashed"),
        ("raised", "crashed"),
        ("timeout", "timeout"),
    ],
)
def test_a_fault_leaves_tesseract_unmodified(fault: str, reason: str) -> None:
    assert run_in_process(run_with, fault) == (Acceleration("none", reason), False)


def test_it_is_installed_after_it_passed() -> None:
    assert run_in_process(run_with, "ok") == (Acceleration("avx2", "ok"), True)


def test_the_known_page_is_always_the_same() -> None:
    page = known_page()
    assert page.shape == (110, 440)
    assert np.array_equal(page, known_page())
