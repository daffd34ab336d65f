"""Signals are remembered and raised only at a pause; ports say who uses them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from tools.foreground import StopRequested, StopSignals, check_free, listener, port, run_in_foreground
from tools.local_stack import LaunchError

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_raised_at_the_next_pause_only(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with StopSignals() as signals:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        with pytest.raises(StopRequested):
            signals.pause(60)
        with pytest.raises(StopRequested):
            signals.check()
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_pause_without_a_signal_ends_by_itself() -> None:
    with StopSignals() as signals:
        signals.pause(0.001)
        signals.check()


def test_nohup_is_respected_but_an_ignored_interrupt_is_not() -> None:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)}
    try:
        with StopSignals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            signals.check()
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(StopRequested):
                signals.check()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_the_exit_status_says_whether_the_job_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: StopSignals) -> None:
        raise LaunchError("there is no page")

    def be_stopped(signals: StopSignals) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signals.check()

    assert run_in_foreground(fail, "run") == 1
    assert capsys.readouterr().err == "make run: there is no page\n"
    assert run_in_foreground(be_stopped, "run") == 0
    assert capsys.readouterr().out == "\nStopped.\n"


def test_ports_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert port("NO_SUCH_PORT", 8001) == 8001
    monkeypatch.setenv("MY_PORT", "9001")
    assert port("MY_PORT", 8001) == 9001


def test_a_port_in_use_names_the_process_that_uses_it() -> None:
    script = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        number = int(other.stdout.readline())
        with pytest.raises(LaunchError, match=rf"in use by process {other.pid} \(.*kill {other.pid}`; .* P=…"):
            check_free(number, "P", "run")
        other.communicate("\n")
    assert listener(number) is None
    check_free(number, "P", "run")


def test_a_port_of_another_user_is_in_use_by_an_unknown_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.foreground.listener", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(LaunchError, match="in use; stop what uses it"):
        check_free(other.getsockname()[1], "P", "run")
