"""The real service that the client is tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.local_stack import Service, start_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Both servers with default settings."""
    with start_service(logs=tmp_path_factory.mktemp("logs")) as running:
        yield running
