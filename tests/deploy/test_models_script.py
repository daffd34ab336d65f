"""scripts/models collects the models of a language pack, checks them, and says what is missing before it builds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from predictor.tessdata import ModelDirectory
from tests.deploy.support.rendering import ROOT

ENGLISH = ModelDirectory.find("").path / "eng.traineddata"
ENGINE = """#!/bin/sh
# Stands for a container engine: keeps the build context and the command.
[ "$1" = info ] && exit 0
for last; do :; done
cp -r "$last" "$KEPT/context"
echo "$*" > "$KEPT/command"
"""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the engine keeps what it was given; the engine is ``docker`` on the path next to it."""
    engine = tmp_path / "bin" / "docker"
    engine.parent.mkdir()
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def build(kept: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script with these variables alone."""
    path = f"{kept.parent / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = {"PATH": path, "KEPT": str(kept), "ENGINE": "docker", "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
    return subprocess.run(
        [ROOT / "scripts" / "models"], env=environment | variables, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of models, one of them in a folder of scripts."""
    (tmp_path / "given" / "script").mkdir(parents=True)
    shutil.copy(ENGLISH, tmp_path / "given" / "mine.traineddata")
    shutil.copy(ENGLISH, tmp_path / "given" / "script" / "Latin.traineddata")
    return tmp_path / "given"


def packed(kept: Path) -> set[str]:
    """Files in the build context."""
    return {str(path.relative_to(kept / "context")) for path in (kept / "context").rglob("*") if path.is_file()}


def test_models_of_a_folder(kept: Path, folder: Path) -> None:
    built = build(kept, LANGUAGES="mine script/Latin", MODELS=str(folder), FLAVOUR="best")
    assert built.returncode == 0, built.stderr
    assert packed(kept) == {"mine.traineddata", "script/Latin.traineddata"}
    assert "--target folder" in (kept / "command").read_text()
    assert built.stdout.splitlines()[-1] == "built dev.local/kserve-ocr-languages:mine-script-Latin"


@pytest.mark.parametrize("kind", ["zip", pytest.param("gztar", marks=pytest.mark.long)])
def test_models_of_an_archive(kept: Path, folder: Path, kind: str) -> None:
    archive = shutil.make_archive(str(folder.parent / "archive"), kind, folder, "mine.traineddata")
    built = build(kept, LANGUAGES="mine", MODELS=archive, REGISTRY="registry.example.com/ocr", TAG="1")
    assert built.returncode == 0, built.stderr
    assert packed(kept) == {"mine.traineddata"}
    assert "--tag registry.example.com/ocr/kserve-ocr-languages:1" in (kept / "command").read_text()


def test_without_a_folder_debians_packages_are_taken(kept: Path) -> None:
    built = build(kept, LANGUAGES="deu fra")
    assert built.returncode == 0, built.stderr
    assert packed(kept) == set()
    command = (kept / "command").read_text()
    assert "--target debian" in command
    assert "LANGUAGES=deu fra" in command


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "say which languages"),
        ({"LANGUAGES": "deu", "FLAVOUR": "best"}, "give MODELS="),
        ({"LANGUAGES": "deu", "FLAVOUR": "slow"}, "fast, best or integer"),
        ({"LANGUAGES": "deu", "MODELS": "/nowhere"}, "there is no folder /nowhere"),
        ({"LANGUAGES": "nothing", "MODELS": str(ENGLISH.parent)}, "has no nothing.traineddata"),
    ],
)
def test_says_what_is_missing(kept: Path, variables: dict[str, str], message: str) -> None:
    built = build(kept, **variables)
    assert built.returncode == 2
    assert message in built.stderr
    assert not (kept / "command").exists()


def test_a_file_that_is_no_model_is_not_packed(kept: Path, folder: Path) -> None:
    (folder / "mine.traineddata").write_text("version https://git-lfs.github.com/spec/v1")
    built = build(kept, LANGUAGES="mine", MODELS=str(folder))
    assert built.returncode == 1
    assert "Git LFS pointer" in built.stderr
    assert not (kept / "command").exists()
