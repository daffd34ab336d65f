"""``scripts/setup`` on machines that lack something, played by a directory of commands that stand in for theirs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.http_calls import TIMEOUT
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
    "id",
    "mkdir",
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A copy of the project's setup beside a ``bin`` that holds only the tools that every machine has."""
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


def equip(machine: Path, *, venv: bool = True) -> None:
    """Everything that serving needs is there."""
    for name in ("tesseract", "curl", "g++"):
        stand_in(machine, name)
    make = 'if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi'
    shutil.copy(shutil.which("cp") or "", machine / "bin" / "cp")
    stand_in(machine, "python3.11", make)
    if venv:
        (machine / ".venv" / "bin").mkdir(parents=True)
        shutil.copy(machine / "bin" / "python3.11", machine / ".venv" / "bin" / "python")


def setup(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(machine / "bin" / "sh"), str(machine / "scripts" / "setup"), *arguments],
        env={"PATH": str(machine / "bin"), "HOME": str(machine), "TMPDIR": str(machine)},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )


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
def test_what_is_compiled_is_built_anew_when_it_has_changed(machine: Path, changed: str) -> None:
    equip(machine)
    assert setup(machine, "run").returncode == 0
    (machine / changed).write_text("// changed\n")
    (machine / "calls").unlink()

    assert setup(machine, "run").returncode == 0

    (built,) = [line for line in calls(machine).splitlines() if "pip" in line]
    assert built.endswith("--no-deps --editable .")

    (machine / changed).write_text("")  # as it was at first
    (machine / "calls").unlink()
    assert setup(machine, "run").returncode == 0
    assert "pip" in calls(machine)


def test_tesseract_comes_from_the_package_manager(machine: Path) -> None:
    equip(machine)
    (machine / "bin" / "tesseract").unlink()
    stand_in(machine, "apt-get")
    stand_in(machine, "sudo", '"$@"')

    done = setup(machine, "run")

    assert done.returncode == 0, done.stderr
    assert "apt-get update" in calls(machine)
    (installed,) = [line for line in calls(machine).splitlines() if line.startswith("apt-get install")]
    assert {"tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-osd"} <= set(installed.split())
    assert "curl" not in installed.split()


def test_without_a_package_manager_the_packages_are_named(machine: Path) -> None:
    equip(machine)
    (machine / "bin" / "tesseract").unlink()

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "install these with your system's package manager" in done.stderr
    assert "tesseract-ocr" in done.stderr


def test_without_root_and_sudo_it_says_so(machine: Path) -> None:
    equip(machine)
    (machine / "bin" / "tesseract").unlink()
    (machine / "bin" / "id").unlink()
    stand_in(machine, "id", "echo 1000")
    stand_in(machine, "apt-get")

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "needs root; install sudo" in done.stderr
    assert "apt-get" not in calls(machine)


def test_without_a_network_it_asks_for_one(machine: Path) -> None:
    equip(machine)
    (machine / "bin" / "tesseract").unlink()
    stand_in(machine, "apt-get", "echo cannot resolve; exit 100")

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "is there a network?" in done.stderr
    assert "cannot resolve" in done.stderr


def test_requirements_that_cannot_be_fetched(machine: Path) -> None:
    equip(machine)
    stand_in(machine, "python3.11", 'case "$*" in *requirements/*) echo no route; exit 1;; esac')
    shutil.copy(machine / "bin" / "python3.11", machine / ".venv" / "bin" / "python")

    done = setup(machine, "run")

    assert done.returncode == 1
    assert "pip could not install requirements/transformer.txt; is there a network?" in done.stderr
    assert not list((machine / ".venv").glob(".transformer-*"))
