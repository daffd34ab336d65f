"""What the two Dockerfiles and the programs they run promise; that they build is tried with a real builder."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.support.rendering import ROOT, arguments, parts, service

PARTS = ("predictor", "transformer")


def instructions(part: str) -> list[tuple[str, str]]:
    """Instruction and argument pairs of a Dockerfile."""
    text = re.sub(r"^#.*\n", "", (ROOT / part / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines if line.strip()]


def last_stage(part: str) -> dict[str, list[str]]:
    """Arguments by instruction of what is in the image."""
    found = instructions(part)
    start = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    stage: dict[str, list[str]] = {}
    for name, argument in found[start:]:
        stage.setdefault(name, []).append(argument)
    return stage


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    loader = SourceFileLoader("image_sbom", str(ROOT / "scripts" / "image-sbom"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("part", PARTS)
def test_every_stage_starts_from_the_given_base(part: str) -> None:
    bases = {argument.split(" AS ")[0] for name, argument in instructions(part) if name == "FROM"}
    assert bases == {"${BASE_IMAGE}", "packages"}
    assert instructions(part)[0] == ("ARG", "BASE_IMAGE=python:3.11-slim-bookworm")


@pytest.mark.parametrize("part", PARTS)
def test_runs_as_nobody_in_exec_form(part: str) -> None:
    stage = last_stage(part)
    container = parts(service("local"))[part]["containers"][0]
    security = container["securityContext"]
    assert stage["USER"] == [f"{security['runAsUser']}:{security['runAsGroup']}"]
    assert stage["STOPSIGNAL"] == ["SIGTERM"]
    assert json.loads(stage["ENTRYPOINT"][0]) == ["python3", "-m", part]
    (health,) = stage["HEALTHCHECK"]
    assert json.loads(health.partition(" CMD ")[2])[0] == "python3"
    # Without arguments a container does what the manifests say.
    said = dict(argument.removeprefix("--").split("=", 1) for argument in json.loads(stage["CMD"][0]))
    for name in ("model_name", "http_port", "workers"):
        assert said[name] == arguments(container)[name]


@pytest.mark.parametrize("part", PARTS)
def test_installs_only_hashed_wheels_and_only_when_building(part: str) -> None:
    installs = [argument for name, argument in instructions(part) if name == "RUN" and "bin/pip " in argument]
    assert all("--no-index" in argument for argument in installs)
    assert [argument for name, argument in instructions(part) if name == "RUN" and "image-packages " in argument]
    copied = [argument for name, argument in instructions(part) if name == "COPY"]
    assert f"requirements/{part}.txt /requirements.txt" in copied
    assert not any(" install " in argument or "apt" in argument for argument in last_stage(part)["RUN"])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_packages_are_wheels_with_hashes_but_for_psutil_on_other_processors(
    part: str, processor: str, tmp_path: Path
) -> None:
    for name, script in (("uname", f"echo {processor}"), ("apt-get", ""), ("pip", f'echo "$@" >>"{tmp_path}/calls"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PIP": str(tmp_path / "pip"), "TMPDIR": str(tmp_path)}

    requirements = ROOT / "requirements" / f"{part}.txt"
    subprocess.run([ROOT / "scripts" / "image-packages", requirements], env=environment, check=True)

    *first, everything = (tmp_path / "calls").read_text().splitlines()
    assert len(first) == (0 if processor == "x86_64" else 2)
    for line in (*first, everything):
        assert "install --require-hashes --no-compile --only-binary :all: " in line
    assert everything.endswith(f"--requirement {requirements}")
    if first:
        assert "setuptools.txt" in first[0]
        assert "psutil.txt --no-deps --no-binary psutil --no-build-isolation" in first[1]
        (pinned,) = tmp_path.glob("*/psutil.txt")
        assert [line for line in pinned.read_text().splitlines() if line[0] != " "] == ["psutil==5.9.8 \\"]


@pytest.mark.parametrize("part", PARTS)
def test_copies_nothing_of_the_other_service(part: str) -> None:
    (other,) = set(PARTS) - {part}
    assert not any(other in argument for name, argument in instructions(part) if name == "COPY")


@pytest.mark.parametrize("part", PARTS)
def test_pythonpath_is_the_images(part: str) -> None:
    # KServe refuses it in an InferenceService.
    assert "PYTHONPATH=/opt/app" in last_stage(part)["ENV"][0]


def test_sbom_lists_distributions_models_and_the_interpreter(
    sbom: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "eng.traineddata").write_bytes(b"a model")
    packages = Path(next(path for path in sys.path if path.endswith("site-packages")))
    monkeypatch.setattr(sbom, "debian_components", lambda: iter(()))
    made = sbom.sbom("an-image", [packages, tmp_path])
    by_name = {component["name"]: component for component in made["components"]}
    assert by_name["pillow"]["purl"].startswith("pkg:pypi/pillow@")
    assert by_name["tesseract-eng"]["hashes"][0]["content"].startswith("97ff8a35")
    assert by_name["CPython"]["type"] == "platform"
    assert len({component["bom-ref"] for component in made["components"]}) == len(made["components"])
    assert made == sbom.sbom("an-image", [packages, tmp_path])


def test_slimming_removes_tests_and_compiles_the_rest(tmp_path: Path) -> None:
    for path in ("pandas/tests/a.py", "pandas/b.py", "numpy/x/tests/c.py", "numpy/d.pyi", "kubernetes/aio/e.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x = 1\n")
    subprocess.run([ROOT / "scripts" / "image-slim", tmp_path], check=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {path for path in left if "__pycache__" not in path} == {"pandas/b.py"}
    assert any(path.startswith("pandas/__pycache__/b.") for path in left)


def test_engine_says_when_none_works(tmp_path: Path) -> None:
    finished = subprocess.run(
        [ROOT / "scripts" / "engine", "build"],
        env={"PATH": "/usr/bin:/bin", "ENGINE": "no-such-engine"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert "no-such-engine" in finished.stderr
