"""Real servers on free ports, shared by the whole run, and pages drawn for the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import Service, start_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A predictor and a transformer with default settings. Tests must leave them as they found them."""
    with start_service(logs=tmp_path_factory.mktemp("logs")) as running:
        yield running
