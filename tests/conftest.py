"""Real servers on free ports, shared by the whole run, and pages drawn for the tests."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.scheduling import GroupScheduling
from tools.local_stack import Service, start_service

_SERVER_FIXTURES = {"service", "watched"}
_SERVER_FUNCTIONS = {"spawn", "start_predictor", "start_service", "start_transformer"}
_SCRATCH = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Let tests, servers and browsers write their temporary files, caches and profiles to a folder that is removed."""
    # Shells start background jobs with SIGINT ignored, and nohup starts its command with SIGHUP ignored: the processes
    # that tests interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # has the environment of the process that started it
        # A folder of its own: tests count the temporary files that they leave.
        os.environ["TMPDIR"] = tempfile.tempdir = f"{os.environ['TMPDIR']}/{worker}"
        Path(tempfile.tempdir).mkdir(exist_ok=True)
        return
    scratch = Path(tempfile.mkdtemp(prefix="ocr-"))
    if not {"OCR_URL", "KUBECONFIG"} & os.environ.keys():
        # Requests go to servers on this machine: httpx would load all certificates for each of them, which takes longer
        # than most answers.
        os.environ.pop("SSL_CERT_FILE", None)
        os.environ["SSL_CERT_DIR"] = str(scratch)
    config.stash[_SCRATCH] = scratch
    for variable, name in (("TMPDIR", "tmp"), ("HOME", "home")):
        (scratch / name).mkdir()
        os.environ[variable] = str(scratch / name)
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):  # by default in HOME
        os.environ.pop(variable, None)
    tempfile.tempdir = os.environ["TMPDIR"]


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SCRATCH in config.stash:
        shutil.rmtree(config.stash[_SCRATCH], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Let one process run all tests of a group."""
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need servers, so that ``make test-quick`` can leave them out."""
    for item in items:
        if isinstance(item, pytest.Function) and (
            _SERVER_FIXTURES & set(item.fixturenames) or _SERVER_FUNCTIONS & vars(item.module).keys()
        ):
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A predictor and a transformer with default settings. Tests must leave them as they found them."""
    with start_service(logs=tmp_path_factory.mktemp("logs")) as running:
        yield running


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the logs of servers that a module starts with settings of its own."""
    return tmp_path_factory.mktemp("logs")
