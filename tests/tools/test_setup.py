"""``scripts/setup`` on machines that lack something: a directory of commands stands in for theirs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.support.http_calls import TIMEOUT, until
from tools.local_stack import ROOT

_TOOLS = (
    "sh",
    "cat",
    "cksum",
    "cut",
    "dirname",
    "grep",
    "kill",
    "mktemp",
    "rm",
    "touch",
    "env",
    "cp",
    "date",
    "flock",
    "mkdir",
    "mv",
    "setsid",
    "tr",
    "uname",
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A copy of the project's setup next to a ``bin`` that holds only the tools that every machine has."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup", tmp_path / "scripts" / "setup")
    (tmp_path / "requirements").mkdir()
    for name in ("transformer", "predictor", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    (tmp_path / "predictor" / "acceleration" / "native").mkdir(parents=True)
    for name in ("pyproject.toml", "setup.py", "predictor/acceleration/native/lstm_layers.cpp"):
        (tmp_path / name).write_text("")
    (tmp_path / "bin").mkdir()
    for tool in _TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (tmp_path / "bin" / tool).symlink_to(found)
    sleep = tmp_path / "bin" / "sleep"  # between looks at a step that is long on a real machine
    sleep.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 0.01\n")
    sleep.chmod(0o755)
    return tmp_path


def stand_in(machine: Path, name: str, script: str = "exit 0") -> None:
    """A command that writes its arguments to ``calls`` and then does what the script says."""
    command = machine / "bin" / name
    command.write_text(f'#!/bin/sh\necho "{name} $*" >>"{machine}/calls"\n{script}\n')
    command.chmod(0o755)


_PYTHON = """case "$1 $2" in
    "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-c "*"python3.%d"*) echo python3.11 ;;
esac"""
"""Is supported, has everything, makes an environment of itself, and installs at once."""

_BLOCK = "echo $$ >>pids; long-sleep 60 & echo $! >>pids; echo started >>started; wait; exit 1"
"""A step with a child that goes on until it is stopped."""


def equip(machine: Path, *, without: str = "", venv: bool = True, python: str = _PYTHON) -> None:
    """Everything that serving needs is there but for one command, and the user is root."""
    for name in {"tesseract", "curl", "g++"} - {without}:
        stand_in(machine, name)
    stand_in(machine, "id", "echo 0")
    stand_in(machine, "dpkg")
    stand_in(machine, "python3.11", python)
    if venv:
        (machine / ".venv" / "bin").mkdir(parents=True)
        (machine / ".venv" / ".complete").touch()
        shutil.copy(machine / "bin" / "python3.11", machine / ".venv" / "bin" / "python")


def start(machine: Path, *arguments: str) -> subprocess.Popen[str]:
    """A setup in a process group of its own, as a terminal gives it one."""
    return subprocess.Popen(
        [str(machine / "bin" / "sh"), str(machine / "scripts" / "setup"), *arguments],
        env={"PATH": str(machine / "bin"), "HOME": str(machine), "TMPDIR": str(machine)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def setup(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A whole setup."""
    process = start(machine, *arguments)
    printed, errors = process.communicate(timeout=TIMEOUT)
    return subprocess.CompletedProcess(process.args, process.returncode, printed, errors)


def installed(machine: Path) -> list[str]:
    """The packages that apt-get was told to install."""
    lines = [line for line in calls(machine).splitlines() if line.startswith("apt-get") and " install " in line]
    return [word for line in lines for word in line.split(" install ")[1].split() if not word.startswith("-")]


def started_by(machine: Path) -> list[psutil.Process]:
    """The processes of a step that blocks, once it has begun."""
    until((machine / "started").exists, "the step")
    return [psutil.Process(int(pid)) for pid in (machine / "pids").read_text().split()]


def calls(machine: Path) -> str:
    record = machine / "calls"
    return record.read_text() if record.exists() else ""


def test_a_second_call_does_nothing(machine: Path) -> None:
    equip(machine)
    first = setup(machine, "run")
    assert first.returncode == 0, first.stderr
    (machine / "calls").unlink()

    second = setup(machine, "run")

    assert second.returncode == 0
    assert second.stdout == ""
    assert "pip" not in calls(machine)


def test_locked_requirements_go_into_a_new_environment(machine: Path) -> None:
    equip(machine, venv=False)

    done = setup(machine, "run")

    assert done.returncode == 0, done.stderr
    assert "Making the virtual environment" in done.stdout
    assert "--require-hashes -r requirements/transformer.txt" in calls(machine)
    assert "--require-hashes -r requirements/predictor.txt" in calls(machine)
    assert "requirements/dev.txt" not in calls(machine)


def test_changed_requirements_are_installed(machine: Path) -> None:
    equip(machine)
    assert setup(machine, "run").returncode == 0
    (machine / "requirements" / "predictor.txt").write_text("# changed\n")
    (machine / "calls").unlink()

    assert setup(machine, "run").returncode == 0

    assert "requirements/predictor.txt" in calls(machine)
    assert "requirements/transformer.txt" not in calls(machine)

    (machine / "requirements" / "predictor.txt").write_text("# predictor\n")  # as it was at first
    (machine / "calls").unlink()
    assert setup(machine, "run").returncode == 0
    assert "requirements/predictor.txt" in calls(machine)


@pytest.mark.parametrize("changed", ["setup.py", "predictor/acceleration/native/lstm_layers.cpp"])
def test_what_is_compiled_is_rebuilt_when_it_has_changed(machine: Path, changed: str) -> None:
    equip(machine)
    assert setup(machine, "run").returncode == 0
    (machine / changed).write_text("// changed\n")
    (machine / "calls").unlink()

    assert setup(machine, "run").returncode == 0

    (built,) = [line for line in calls(machine).splitlines() if "pip" in line]
    assert built.endswith("--no-deps --no-build-isolation --editable .")

    (machine / changed).write_text("")  # as it was at first
    (machine / "calls").unlink()
    assert setup(machine, "run").returncode == 0
    assert "pip" in calls(machine)


def test_tesseract_comes_from_the_package_manager(machine: Path) -> None:
    equip(machine, without="tesseract")
    stand_in(machine, "apt-get")
    stand_in(machine, "sudo", '"$@"')

    done = setup(machine, "run")

    assert done.returncode == 0, done.stderr
    assert "update" in calls(machine)
    assert installed(machine) == ["tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-osd"]


def test_without_a_package_manager_the_packages_are_named(machine: Path) -> None:
    equip(machine, without="tesseract")

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "install these with your system's package manager" in done.stderr
    assert "tesseract-ocr" in done.stderr


def test_without_root_and_sudo_it_says_so(machine: Path) -> None:
    equip(machine, without="tesseract")
    stand_in(machine, "id", "echo 1000")
    stand_in(machine, "apt-get")

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "needs root; install sudo" in done.stderr
    assert "apt-get" not in calls(machine)


def test_without_a_network_it_asks_for_one(machine: Path) -> None:
    equip(machine, without="tesseract")
    stand_in(machine, "apt-get", "echo Could not resolve host; exit 100")

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "is there a network?" in done.stderr
    assert "Could not resolve host" in done.stderr


def test_what_fails_for_another_reason_does_not_ask_for_a_network(machine: Path) -> None:
    equip(machine, without="tesseract")
    stand_in(machine, "apt-get", 'case "$*" in *install*) echo no such package; exit 100 ;; esac')

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "network" not in done.stderr
    assert "no such package" in done.stderr
    assert "apt-get could not install tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd; see above" in done.stderr


@pytest.mark.parametrize(
    ("said", "asked"), [("No route to host", "is there a network?"), ("hashes do not match", "see above")]
)
def test_requirements_that_cannot_be_installed(machine: Path, said: str, asked: str) -> None:
    equip(machine, python=f'case "$*" in *requirements/*) echo {said}; exit 1;; *) {_PYTHON};; esac')

    done = setup(machine, "run")

    assert done.returncode == 1
    assert said in done.stderr
    assert f"pip could not install requirements/transformer.txt; {asked}" in done.stderr
    assert not list((machine / ".venv").glob(".transformer-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGHUP])
@pytest.mark.parametrize("step", ["-m venv", "-m pip"])
def test_interrupted_steps_stop_with_their_children_and_are_made_good(
    machine: Path, step: str, number: signal.Signals
) -> None:
    (machine / "bin" / "long-sleep").symlink_to(shutil.which("sleep") or "")
    block = f'[ "$1 $2" != "{step}" ] || {{ mkdir -p .venv/bin; {_BLOCK}; }}'
    equip(machine, venv=False, python=f"{block}\n{_PYTHON}")
    process = start(machine, "run")
    running = started_by(machine)

    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=TIMEOUT)

    assert process.returncode == -number
    assert "interrupted" in errors
    assert not psutil.wait_procs(running, timeout=5)[1]
    assert not list(machine.glob("tmp.*"))

    stand_in(machine, "python3.11", _PYTHON)
    done = setup(machine, "run")
    assert done.returncode == 0, done.stderr
    assert "Making the virtual environment again" in done.stdout
    assert "--no-deps --no-build-isolation --editable ." in calls(machine)
    assert setup(machine, "run").stdout == ""


def test_what_a_killed_setup_left_running_is_waited_for(machine: Path) -> None:
    (machine / "bin" / "long-sleep").symlink_to(shutil.which("sleep") or "")
    block = f'case "$*" in *requirements/transformer.txt) {_BLOCK} ;; esac'
    equip(machine, venv=False, python=f"{block}\n{_PYTHON}")
    killed = start(machine, "run")
    running = started_by(machine)
    killed.kill()
    killed.wait(TIMEOUT)
    killed.communicate(timeout=TIMEOUT)
    stand_in(machine, "python3.11", _PYTHON)

    following = start(machine, "run")
    assert following.stdout
    assert following.stdout.readline() == "Waiting for another setup of this clone to end\n"
    for process in running:
        process.kill()
    printed, errors = following.communicate(timeout=TIMEOUT)

    assert following.returncode == 0, errors
    assert "Making the virtual environment again" in printed


@pytest.mark.parametrize("fault", ["other version", "broken", "incomplete"])
def test_an_environment_that_cannot_be_used_is_made_again(machine: Path, fault: str) -> None:
    equip(machine)
    python = machine / ".venv" / "bin" / "python"
    if fault == "other version":
        python.write_text("#!/bin/sh\nexit 1\n")
    elif fault == "broken":
        python.unlink()
        python.symlink_to("/nowhere/python3.10")
    else:
        (machine / ".venv" / ".complete").unlink()

    done = setup(machine, "run")

    assert done.returncode == 0, done.stderr
    assert "Making the virtual environment again: it is incomplete, or of a Python other than 3.11" in done.stdout
    assert "requirements/predictor.txt" in calls(machine)
    assert setup(machine, "run").stdout == ""


def test_an_unsupported_python_is_told_in_one_sentence(machine: Path) -> None:
    equip(machine, venv=False)
    (machine / "bin" / "python3.11").unlink()
    stand_in(machine, "python3", 'case "$1" in -V) echo Python 3.9.2 ;; *) exit 1 ;; esac')

    done = setup(machine, "run")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "setup: Python 3.11, 3.12 or 3.13 is needed, and this machine has Python 3.9.2; "
        "install one of them and call this again\n"
    )


def test_a_supported_python_is_found_behind_another_one(machine: Path) -> None:
    equip(machine, venv=False)
    (machine / "first").mkdir()
    for name in ("python3", "python3.11"):
        (machine / "first" / name).write_text("#!/bin/sh\necho no version is set >&2; exit 127\n")
        (machine / "first" / name).chmod(0o755)

    found = subprocess.run(
        [str(machine / "bin" / "sh"), str(machine / "scripts" / "setup"), "run"],
        env={"PATH": f"{machine / 'first'}:{machine / 'bin'}", "HOME": str(machine), "TMPDIR": str(machine)},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )

    assert found.returncode == 0, found.stderr
    assert "python3.11 -m venv .venv" in calls(machine)


def test_arm_needs_what_psutil_is_compiled_with(machine: Path) -> None:
    equip(machine, venv=False, python=f'case "$2" in *Python.h*) exit 1 ;; esac\n{_PYTHON}')
    (machine / "bin" / "uname").unlink()
    stand_in(machine, "uname", "echo aarch64")
    stand_in(machine, "apt-get")

    assert setup(machine, "run").returncode == 0

    assert installed(machine) == ["python3.11-dev"]


def test_an_installation_that_was_cut_off_is_finished_first(machine: Path) -> None:
    equip(machine, without="tesseract")
    stand_in(machine, "dpkg", '[ "$1" != --audit ] || echo half-configured packages')
    stand_in(machine, "apt-get")

    assert setup(machine, "run").returncode == 0

    assert calls(machine).index("dpkg --configure -a") < calls(machine).index(" install ")


def test_sudo_can_ask_for_a_password_in_the_terminal(machine: Path) -> None:
    equip(machine, without="tesseract")
    stand_in(machine, "id", "echo 1000")
    stand_in(machine, "apt-get")
    stand_in(
        machine,
        "sudo",
        'case "$1" in\n'
        "    -n) [ -e known ]; exit ;;\n"
        '    -v) printf "[sudo] password: " >/dev/tty; read -r word </dev/tty; [ "$word" = secret ] && touch known ;;\n'
        '    *) [ -e known ] && "$@" </dev/tty ;;\n'
        "esac",
    )
    leader, follower = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", str(machine / "bin" / "sh"), str(machine / "scripts" / "setup"), "run"],
        env={"PATH": str(machine / "bin"), "HOME": str(machine), "TMPDIR": str(machine)},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    printed = b""
    while b"password: " not in printed:
        printed += os.read(leader, 1000)
    assert b"." not in printed.partition(b"[sudo]")[2]

    os.write(leader, b"secret\n")

    assert process.wait(TIMEOUT) == 0, printed + os.read(leader, 10_000)
    assert installed(machine) == ["tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-osd"]
    os.close(leader)


def test_prometheus_is_unpacked_and_never_installed(machine: Path) -> None:
    """Its package enables and starts a server on port 9090."""
    equip(machine)
    for name in ("wget", "wrk", "chromium", "pdftotext"):
        stand_in(machine, name)
    stand_in(machine, "apt-get", 'case "$*" in "download -q prometheus") echo >prometheus_2.42_amd64.deb ;; esac')
    stand_in(machine, "dpkg-deb", 'mkdir -p "$3/usr/bin"; echo >"$3/usr/bin/prometheus"; echo >"$3/usr/bin/promtool"')

    done = setup(machine)

    assert done.returncode == 0, done.stderr
    unpacked = sorted(path.name for path in (machine / "build" / "prometheus").iterdir())
    assert unpacked == ["prometheus", "promtool"]
    assert "prometheus" not in installed(machine)
    assert not (machine / "build" / "prometheus.partial").exists()

    (machine / "calls").unlink()
    assert setup(machine).returncode == 0
    assert "download" not in calls(machine)


def test_promtool_may_be_a_package_of_its_own(machine: Path) -> None:
    """As in Debian 13, where a clone may have been set up without it."""
    equip(machine)
    for name in ("wget", "wrk", "chromium", "pdftotext"):
        stand_in(machine, name)
    stand_in(machine, "apt-cache")
    stand_in(machine, "apt-get", 'case "$*" in "download -q "*) echo >"$3_2.53_amd64.deb" ;; esac')
    stand_in(machine, "dpkg-deb", 'mkdir -p "$3/usr/bin"; name=${2##*/}; echo >"$3/usr/bin/${name%%_*}"')
    (machine / "build" / "prometheus").mkdir(parents=True)

    done = setup(machine)

    assert done.returncode == 0, done.stderr
    unpacked = sorted(path.name for path in (machine / "build" / "prometheus").iterdir())
    assert unpacked == ["prometheus", "promtool"]


def test_prometheus_is_not_left_half_unpacked(machine: Path) -> None:
    equip(machine)
    for name in ("wget", "wrk", "chromium", "pdftotext"):
        stand_in(machine, name)
    stand_in(machine, "apt-get", 'case "$*" in "download -q prometheus") exit 100 ;; esac')

    done = setup(machine)

    assert done.returncode == 1
    assert "prometheus could not be downloaded; see above" in done.stderr
    assert "apt-get -o DPkg::Lock::Timeout=300 update" in calls(machine)
    assert list((machine / "build").iterdir()) == []
