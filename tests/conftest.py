"""Real servers on free ports, shared by the whole run, and pages drawn for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.local_stack import Service, start_service


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process of pytest-xdist, and all those that share a watched service."""
    for item in items:
        folder, file = item.path.parent, str(item.path)
        item.add_marker(pytest.mark.xdist_group(str(folder) if folder.name == "monitoring" else file))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A predictor and a transformer with default settings. Tests must leave them as they found them."""
    with start_service(logs=tmp_path_factory.mktemp("logs")) as running:
        yield running


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the logs of servers that a module starts with settings of its own."""
    return tmp_path_factory.mktemp("logs")
