"""``python -m benchmarks.startup``: from the start of a process to a ready server, and where the time goes.

``--cpus 1`` holds each server to that many CPUs; ``--run predictor="podman run --rm --network=host IMAGE"`` starts it
by another command, to which the server's arguments are added (then only its ports are watched, not its processes).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.local_stack import free_port, is_ready, start_process, stop_processes

SERVERS: Final = ("predictor", "transformer")
WAKE_UP: Final = "wake-up"
PHASES: Final = {
    WAKE_UP: "until the transformer's call has reached the predictor, here a socket that only listens",
    "fork_server": "until the settings are read and the process that forks workers is started",
    "workers": "until that has imported what workers need and the first worker is forked",
    "listening": "until the server has imported what it needs and its port is open",
    "ready": "until every worker is warm and the model is ready",
}
_POLL_SECONDS: Final = 0.005
_PATIENCE: Final = 60.0
_IMPORT: Final = re.compile(r"^import time: +(\d+) \| +(\d+) \| ( *)(\S+)$", re.MULTILINE)
_SHOWN: Final = 14


@dataclass(frozen=True)
class Imports:
    """Milliseconds that each top-level package took itself, the longest first, and all together."""

    packages: dict[str, float]
    total: float


def imports(log: str) -> Imports:
    """Read what ``python -X importtime`` wrote."""
    packages: defaultdict[str, float] = defaultdict(float)
    for alone, _, _, module in _IMPORT.findall(log):
        packages[module.partition(".")[0]] += int(alone) / 1000
    ordered = dict(sorted(packages.items(), key=lambda found: -found[1]))
    return Imports(ordered, sum(ordered.values()))


def start_once(command: Sequence[str], name: str, *, log: Path) -> dict[str, float]:
    """Start a server, wait until it is ready, stop it; seconds from the start to each phase that could be seen."""
    with socket.create_server(("127.0.0.1", 0)) as predictor:
        predictor.setblocking(False)
        address = f"127.0.0.1:{predictor.getsockname()[1]}"
        arguments = [f"--predictor_host={address}"] if name == "transformer" else []
        full = [*command, "--model_name=ocr-model", "--workers=1", *arguments]
        return _watch(full, predictor, log=log)


def _watch(full: Sequence[str], predictor: socket.socket, *, log: Path) -> dict[str, float]:
    port = free_port()
    seen: dict[str, float] = {}
    callers: list[socket.socket] = []
    began = time.monotonic()
    process = start_process([*full, f"--http_port={port}", f"--grpc_port={free_port()}"], log=log)
    try:
        while "ready" not in seen:
            if process.poll() is not None or time.monotonic() - began > _PATIENCE:
                raise RuntimeError(f"{shlex.join(full)} was not ready:\n{log.read_text()[-2000:]}")
            for phase in _look(process.pid, port, listening="listening" in seen):
                seen.setdefault(phase, time.monotonic() - began)
            with contextlib.suppress(BlockingIOError):
                callers.append(predictor.accept()[0])  # never answered, as a predictor that starts
                seen.setdefault(WAKE_UP, time.monotonic() - began)
            time.sleep(_POLL_SECONDS)
    finally:
        stop_processes([process])
        for caller in callers:
            caller.close()
    return seen


def _look(pid: int, port: int, *, listening: bool) -> list[str]:
    """The phases that the server has reached."""
    found = []
    children = _children(pid)
    if children:
        found.append("fork_server")
        if any(_children(child) for child in children):
            found.append("workers")
    if listening:
        if is_ready(f"http://127.0.0.1:{port}/v2/health/ready"):
            found.append("ready")
    else:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append("listening")
    return found


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def report(name: str, *, command: Sequence[str], prefix: Sequence[str], repeat: int, own: bool) -> None:
    """Start the server ``repeat`` times and print the medians; its imports too if it is ``own`` Python."""
    with tempfile.TemporaryDirectory(prefix="bench-") as logs:
        log = Path(logs) / "start.log"
        runs = [start_once([*prefix, *command], name, log=log) for _ in range(repeat)]
        ready = [run["ready"] for run in runs]
        print(f"\n{name}: ready {statistics.median(ready):.2f} s after its start ({min(ready):.2f}-{max(ready):.2f})")
        for phase, meaning in PHASES.items():
            seconds = [run[phase] for run in runs if phase in run]
            if seconds:
                print(f"  {statistics.median(seconds):6.2f} s  {meaning}")
        if not own:
            return
        start_once([*prefix, sys.executable, "-X", "importtime", "-m", name], name, log=log)
        found = imports(log.read_text())
        print(f"  imports take {found.total / 1000:.2f} s when they are timed, by package in ms:")
        shown = [f"{package} {milliseconds:.0f}" for package, milliseconds in found.packages.items()][:_SHOWN]
        print(f"    {', '.join(shown)}")


def main() -> None:
    """Start both servers again and again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--repeat", type=int, default=int(os.environ.get("REPEAT") or 5))
    parser.add_argument("--cpus", type=int, default=0, help="limit each server to this number of CPUs (0: all)")
    parser.add_argument("--run", action="append", default=[], metavar="SERVER=COMMAND")
    given = parser.parse_args()
    allowed = sorted(os.sched_getaffinity(0))[: given.cpus]
    prefix = ["taskset", "-c", ",".join(map(str, allowed))] if given.cpus else []
    commands = dict(text.split("=", 1) for text in given.run)
    for name in SERVERS:
        command = shlex.split(commands[name]) if name in commands else [sys.executable, "-m", name]
        report(name, command=command, prefix=prefix, repeat=given.repeat, own=name not in commands)


if __name__ == "__main__":
    main()
