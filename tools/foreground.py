"""What ``make run`` and ``make observe`` share: ports from the environment, and an orderly end at a signal."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shlex
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

import psutil

from tools.local_stack import LaunchError

_SHOWN_COMMAND = 100


class StopRequested(Exception):  # noqa: N818  # not an error
    """Ctrl-C, SIGTERM or a closed terminal."""


class StopSignals:
    """SIGINT, SIGTERM and SIGHUP, remembered for the block and raised as StopRequested only where the program pauses.

    A signal handler that raises can do so anywhere: between the start of a process and the line that remembers it, or,
    since make passes signals on and they come twice, while the processes are being stopped. Then they are left running.
    """

    def __init__(self) -> None:
        self._received = False
        self._wake_read, self._wake_write = os.pipe()
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # SIGINT is ignored in what a script runs in its background, and must work there too; nohup is respected.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._remember)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _remember(self, _number: int, _frame: FrameType | None) -> None:
        if not self._received:
            self._received = True
            os.write(self._wake_write, b"\0")

    def check(self) -> None:
        """Raise StopRequested if a signal has come."""
        if self._received:
            raise StopRequested

    def pause(self, seconds: float) -> None:
        """Sleep. Raises StopRequested at once if a signal comes or has come."""
        select.select([self._wake_read], [], [], seconds)
        self.check()


def run_in_foreground(job: Callable[[StopSignals], None], target: str) -> int:
    """Run the job of a make target until it ends or is asked to stop; the exit status."""
    try:
        with StopSignals() as signals:
            job(signals)
    except LaunchError as reason:
        print(f"make {target}: {reason}", file=sys.stderr)
        return 1
    except StopRequested:
        try:
            print("\nStopped.", flush=True)
        except OSError:  # the terminal is gone; what is buffered would fail once more at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def port(variable: str, default: int) -> int:
    """The port that the variable names. Raises LaunchError if it is not one."""
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise LaunchError(f"{variable}={text} is not a port; use a number from 1 to 65535")
    return int(text)


def check_free(number: int, variable: str, target: str) -> None:
    """Raise LaunchError, with the process if it can be known, if something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", number))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise LaunchError(
                f"port {number} {reason}{_by(listener(number))}; or choose another one: make {target} {variable}=…"
            ) from None


def listener(number: int) -> psutil.Process | None:
    """The process that listens on a TCP port; None if there is none or it is another user's."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (number,) and connection.pid:
                return psutil.Process(connection.pid)
    return None


def _by(process: psutil.Process | None) -> str:
    if process is None:
        return "; stop what uses it"
    try:
        command = shlex.join(process.cmdline()) or process.name()
    except psutil.Error:  # it has just ended, or is another user's
        return f" by process {process.pid}; stop it"
    shown = command if len(command) <= _SHOWN_COMMAND else f"{command[:_SHOWN_COMMAND]}…"
    return f" by process {process.pid} ({shown}); stop it with `kill {process.pid}`"
