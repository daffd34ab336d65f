"""The launcher: processes that do not start, do not end, or would outlive it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.http_calls import TIMEOUT, until
from tools.local_stack import LaunchError, free_port, is_ready, start_process, stop_processes, wait_until_answered


def test_output_goes_to_the_log_and_the_end_of_it_into_the_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start_process([sys.executable, "-c", "print('no model here'); raise SystemExit(3)"], log=log)
    with pytest.raises(LaunchError, match=r"(?s)ended with status 3:.*no model here"):
        wait_until_answered(process, f"http://127.0.0.1:{free_port()}/", log=log)


def test_a_server_that_does_not_answer_in_time(tmp_path: Path) -> None:
    process = start_process(["sleep", "60"], log=tmp_path / "log")
    try:
        with pytest.raises(LaunchError, match="not ready after 0 s"):
            wait_until_answered(process, f"http://127.0.0.1:{free_port()}/", log=tmp_path / "log", seconds=0.2)
    finally:
        stop_processes([process])


def test_a_server_that_answers_with_an_error_or_not_at_all_is_not_ready(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    server = start_process([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], log=log)
    try:
        wait_until_answered(server, f"http://127.0.0.1:{port}/", log=log)
        assert not is_ready(f"http://127.0.0.1:{port}/no-such-page")
    finally:
        stop_processes([server])
    assert not is_ready(f"http://127.0.0.1:{port}/")


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    process = start_process([sys.executable, "-c", script], log=tmp_path / "log")
    until(lambda: (tmp_path / "log").read_text() == "1\n", "the handler")

    stop_processes([process], seconds=0.2)

    assert process.returncode == -9


def test_a_process_ends_with_the_launcher_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tools.local_stack import start_process\n"
        f"print(start_process(['sleep', '60'], log=Path({str(tmp_path / 'log')!r})).pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout
        child = psutil.Process(int(launcher.stdout.readline()))
        until(lambda: child.name() == "sleep", "the command")
        launcher.kill()
    _, alive = psutil.wait_procs([child], timeout=TIMEOUT)
    assert not alive
