"""A test run leaves nothing behind: no temporary file, no cache, no profile of a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tools.local_stack import ROOT

_WRITES_A_LOT = """
import subprocess, tempfile
from pathlib import Path
from playwright.sync_api import sync_playwright

def test_temporary_files_plots_and_browsers(tmp_path):
    tempfile.mkstemp()
    (tmp_path / "file").touch()
    import matplotlib.pyplot
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        browser.new_page().goto("about:blank")
        browser.close()
"""


@pytest.mark.long
@pytest.mark.parametrize("arguments", [[], ["--numprocesses=1"]])
def test_a_run_leaves_nothing_behind(arguments: list[str]) -> None:
    # Not under tmp_path: Chromium makes a socket, whose path must be short.
    with tempfile.TemporaryDirectory(prefix="l-", dir="/tmp") as folder:
        home, temporary, tests = (Path(folder) / name for name in ("home", "tmp", "tests"))
        for each in (home, temporary, tests):
            each.mkdir()
        (tests / "test_writes.py").write_text(_WRITES_A_LOT)
        (tests / "conftest.py").write_text("from tests.conftest import *\n")
        dropped = ("XDG_", "PYTEST_", "TMPDIR")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        environment |= {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}

        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                *arguments,
                tests,
            ],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stdout
        assert [str(path.relative_to(home)) for path in home.rglob("*")] == []
        assert [str(path.relative_to(temporary)) for path in temporary.rglob("*")] == []
