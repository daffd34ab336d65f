"""Servers of their own for attacks: what one leaves behind must not disturb other tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.local_stack import Service, start_service


@pytest.fixture(scope="package")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Both servers with default settings."""
    with start_service(logs=Path(tmp_path_factory.mktemp("attacked"))) as running:
        yield running
