"""``make run``: what is printed, and that no server is left running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.drawn_pages import draw_line, encode
from tests.support.http_calls import TIMEOUT, save, until
from tools.local_stack import ROOT, free_port
from tools.run import PORTS


@pytest.fixture
def ports() -> dict[str, str]:
    """Free ports for both servers."""
    return {variable: str(free_port()) for variable in PORTS}


def start(settings: Mapping[str, str]) -> subprocess.Popen[str]:
    """The script behind ``make run``, started with SIGINT ignored, as shells start background jobs of a script."""
    clean = {name: value for name, value in os.environ.items() if name not in {*PORTS, "IMAGE", "ONESHOT"}}
    return subprocess.Popen(
        ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", sys.executable, "-m", "tools.run"],
        cwd=ROOT,
        env={**clean, "PYTHONUNBUFFERED": "1", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(settings: Mapping[str, str]) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    process = start(settings)
    printed, _ = process.communicate(timeout=TIMEOUT)
    return process.returncode, printed


def test_oneshot_reads_the_sample_and_stops(ports: dict[str, str]) -> None:
    status, printed = run({**ports, "ONESHOT": "1"})

    assert status == 0, printed
    assert "The Harbour Library" in printed
    assert "the largest is 3.5 metres wide" in printed
    assert f"http://localhost:{ports['TRANSFORMER_PORT']}/gateway/ocr" in printed
    assert f"image_file=@{ROOT}/samples/letter.png" in printed
    for number in ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(number))) != 0


@pytest.mark.long
@pytest.mark.parametrize("name", ['a,b;type="x" y.png', "my page.png", "back\\slash.png"])
def test_oneshot_with_a_page_of_the_callers(ports: dict[str, str], tmp_path: Path, name: str) -> None:
    image = save(tmp_path, name, encode(draw_line("Bring the lantern")))

    status, printed = run({**ports, "ONESHOT": "1", "IMAGE": str(image)})

    assert status == 0, printed
    assert "Bring the lantern" in printed


def test_oneshot_fails_without_text(ports: dict[str, str], tmp_path: Path) -> None:
    image = save(tmp_path, "letter.txt", b"Dear Sir or Madam")

    status, printed = run({**ports, "ONESHOT": "1", "IMAGE": str(image)})

    assert status == 1
    assert "unsupported_document" in printed


def test_it_serves_until_ctrl_c(ports: dict[str, str]) -> None:
    process = start(ports)
    try:
        printed = ""
        assert process.stdout is not None
        for line in process.stdout:
            printed += line
            if "Ctrl-C stops" in line:
                break
        assert "Serving" in printed, printed
        url = f"http://localhost:{ports['TRANSFORMER_PORT']}"
        assert httpx.get(f"{url}/v2/health/ready").status_code == 200
        servers = psutil.Process(process.pid).children(recursive=True)
        assert len(servers) > 2

        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=TIMEOUT)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=TIMEOUT)

    assert process.returncode == 0
    assert "Stopped" in rest
    assert "Traceback" not in rest
    _, alive = psutil.wait_procs(servers, timeout=5)
    assert not alive


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_server_outlives_a_launcher_that_gets_a_signal(ports: dict[str, str], number: signal.Signals) -> None:
    process = start(ports)
    until(lambda: len(psutil.Process(process.pid).children()) == 2, "both servers")
    servers = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(number)
    printed, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode == (-number if number == signal.SIGKILL else 0)
    assert "Traceback" not in printed
    _, alive = psutil.wait_procs(servers, timeout=TIMEOUT)
    assert not alive


def test_a_signal_that_comes_twice_while_the_servers_start_leaves_none(ports: dict[str, str]) -> None:
    """make passes SIGTERM on to its children, so that a signal to the whole group comes twice."""
    process = start(ports)
    children = psutil.Process(process.pid).children
    until(lambda: len(children()) > 0, "a server")
    servers = children()

    for _ in range(20):
        process.send_signal(signal.SIGTERM)
        servers.extend(child for child in children() if child not in servers)
    printed, _ = process.communicate(timeout=TIMEOUT)

    assert process.returncode in {0, -signal.SIGTERM}  # the last one may come when the interpreter has let go of it
    assert "Traceback" not in printed
    _, alive = psutil.wait_procs(servers, timeout=TIMEOUT)
    assert not alive


@pytest.mark.long
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.2, 1.6])
def test_a_signal_to_the_group_of_make_leaves_no_server(ports: dict[str, str], tmp_path: Path, seconds: float) -> None:
    """At moments from the start of make until servers serve; make itself passes the signal on once more."""
    makefile = save(tmp_path, "Makefile", b'run:\n\t@true && exec "$(PYTHON)" -m tools.run\n')
    command = ["make", f"--file={makefile}", "run", f"PYTHON={sys.executable}"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **ports},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGTERM)
        printed, _ = process.communicate(timeout=TIMEOUT)
    until(lambda: not _with_ports(ports), "both servers to end")
    assert b"Traceback" not in printed


def _with_ports(ports: Mapping[str, str]) -> list[psutil.Process]:
    """Processes that were started to serve on one of the ports."""
    wanted = {f"--http_port={number}" for number in ports.values()}
    return [process for process in psutil.process_iter(["cmdline"]) if wanted & set(process.info["cmdline"] or ())]


def test_it_ends_when_the_terminal_is_closed(ports: dict[str, str]) -> None:
    leader, follower = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "tools.run"],
        cwd=ROOT,
        env={**os.environ, **ports},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    until(lambda: len(psutil.Process(process.pid).children()) == 2, "both servers")
    servers = psutil.Process(process.pid).children(recursive=True)

    os.close(leader)

    assert process.wait(TIMEOUT) == 0
    _, alive = psutil.wait_procs(servers, timeout=TIMEOUT)
    assert not alive


@pytest.mark.parametrize("variable", PORTS)
def test_a_port_in_use(ports: dict[str, str], variable: str) -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        number = other.getsockname()[1]

        status, printed = run({**ports, variable: str(number)})

    assert status == 1
    assert f"port {number} is in use by process {os.getpid()} (" in printed
    assert f"stop it with `kill {os.getpid()}`; or choose another one: make run {variable}=" in printed


@pytest.mark.parametrize("value", ["http", "0", "70000", "-1"])
def test_what_is_no_port(ports: dict[str, str], value: str) -> None:
    status, printed = run({**ports, "PREDICTOR_PORT": value})

    assert status == 1
    assert f"PREDICTOR_PORT={value} is not a port" in printed


def test_an_image_that_is_not_there(ports: dict[str, str]) -> None:
    status, printed = run({**ports, "IMAGE": "/nowhere/page.png"})

    assert status == 1
    assert "there is no file /nowhere/page.png" in printed


def test_a_server_that_does_not_start(ports: dict[str, str]) -> None:
    status, printed = run({**ports, "ONESHOT": "1", "OCR_MAX_QUEUE": "many"})

    assert status == 1
    assert "OCR_MAX_QUEUE='many'" in printed
