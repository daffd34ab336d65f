"""``python -m benchmarks.startup``: from the start of a process to a ready server, and where the time goes.

Servers start as in their images: with the manifests' arguments, and with bytecode, which a start that is not counted
writes into a temporary directory. The time of a bare interpreter and of ``import numpy`` says how fast the machine is.

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
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tools.local_stack import free_port, is_ready, start_process, stop_processes

SERVERS: Final = ("predictor", "transformer")
WAKE_UP: Final = "wake-up"
CPU: Final = "cpu"
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
_SPEED_RUNS: Final = 5


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


def start_once(command: Sequence[str], name: str, *, log: Path, bytecode: Path) -> dict[str, float]:
    """Start a server, wait until it is ready, stop it; seconds from the start to each phase that could be seen."""
    with socket.create_server(("127.0.0.1", 0)) as predictor:
        predictor.setblocking(False)
        address = f"127.0.0.1:{predictor.getsockname()[1]}"
        arguments = [f"--predictor_host={address}"] if name == "transformer" else []
        full = [*command, "--model_name=ocr-model", "--workers=1", "--enable_grpc=false", *arguments]
        return _watch(full, predictor, log=log, environment=_environment(bytecode))


def _environment(bytecode: Path) -> dict[str, str]:
    """This process's, with the directory that bytecode is written to and read from."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(bytecode)}


def _watch(
    full: Sequence[str], predictor: socket.socket, *, log: Path, environment: Mapping[str, str]
) -> dict[str, float]:
    port = free_port()
    seen: dict[str, float] = {}
    callers: list[socket.socket] = []
    began = time.monotonic()
    process = start_process(
        [*full, f"--http_port={port}", f"--grpc_port={free_port()}"], log=log, environment=environment
    )
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
        seen[CPU] = sum(_cpu_seconds(pid) for pid in _tree(process.pid))
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


def _tree(pid: int) -> list[int]:
    return [pid, *(below for child in _children(pid) for below in _tree(child))]


def _cpu_seconds(pid: int) -> float:
    """What a process has used, as the scheduler counts it; 0 if it is gone."""
    try:
        return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9
    except OSError:
        return 0.0


def machine_speed(prefix: Sequence[str]) -> str:
    """The shortest time that an interpreter takes to start, and to import numpy."""
    shortest = {}
    for program in ("pass", "import numpy"):
        times = []
        for _ in range(_SPEED_RUNS):
            began = time.monotonic()
            subprocess.run([*prefix, sys.executable, "-c", program], check=True)
            times.append(time.monotonic() - began)
        shortest[program] = min(times)
    return ", ".join(f"python -c '{program}' {seconds:.3f} s" for program, seconds in shortest.items())


def report(name: str, *, command: Sequence[str], prefix: Sequence[str], repeat: int, own: bool) -> None:
    """Start the server ``repeat`` times and print the medians; its imports too if it is ``own`` Python."""
    with tempfile.TemporaryDirectory(prefix="bench-") as logs:
        log = Path(logs) / "start.log"
        start = partial(start_once, name=name, log=log, bytecode=Path(logs) / "bytecode")
        start([*prefix, *command])
        runs = [start([*prefix, *command]) for _ in range(repeat)]
        ready = [run["ready"] for run in runs]
        print(f"\n{name}: ready {statistics.median(ready):.2f} s after its start ({min(ready):.2f}-{max(ready):.2f})")
        for phase, meaning in PHASES.items():
            seconds = [run[phase] for run in runs if phase in run]
            if seconds:
                print(f"  {statistics.median(seconds):6.2f} s  {meaning}")
        if not own:
            return
        print(f"  {statistics.median(run[CPU] for run in runs):6.2f} s  of CPU until then, in all of its processes")
        start([*prefix, sys.executable, "-X", "importtime", "-m", name])
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
    print(f"this machine: {machine_speed(prefix)}")
    for name in SERVERS:
        command = shlex.split(commands[name]) if name in commands else [sys.executable, "-m", name]
        report(name, command=command, prefix=prefix, repeat=given.repeat, own=name not in commands)


if __name__ == "__main__":
    main()
