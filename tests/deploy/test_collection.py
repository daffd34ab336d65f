"""Collecting the tests needs no program: one that is missing fails the tests that use it, never the whole run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.deploy.support.rendering import ROOT


@pytest.mark.long
def test_collecting_starts_no_program() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "tests/deploy", "tests/monitoring"],
        env={**{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}, "PATH": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
