"""Servers of their own for attacks: what one leaves behind must not disturb other tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.target import Target, attack_target

collect_ignore = [] if "OCR_ATTACKED" in os.environ else ["test_memory.py"]
"""Attacks on the memory of containers, which ``scripts/ci-images`` runs: that of servers here has no limit."""


@pytest.fixture(scope="package")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Both servers with default settings."""
    with attack_target(logs=Path(tmp_path_factory.mktemp("attacked"))) as target:
        yield target
