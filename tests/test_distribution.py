"""What is built from the repository holds what is needed to run, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.local_stack import ROOT

_PACKAGES = ("kserve_ocr", "predictor", "transformer")
_BUILD = """
import sys
from setuptools import build_meta
target = sys.argv[1]  # setuptools replaces it
build_meta.build_sdist(target)
build_meta.build_wheel(target)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source distribution and a wheel, built without the C++ library to save time."""
    source, target = tmp_path_factory.mktemp("source") / "clone", tmp_path_factory.mktemp("dist")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in tracked.splitlines():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, source / name)
    without_compiler = {"PATH": "/usr/bin:/bin", "CC": "false", "CXX": "false", "HOME": str(target)}
    subprocess.run(
        [sys.executable, "-c", _BUILD, str(target)], cwd=source, env=without_compiler, check=True, capture_output=True
    )
    return target


def package_files(*, compiled_from: bool) -> set[str]:
    """What belongs to the three packages: modules, types marker, the web page, and sources of the C++ library."""
    suffixes = {".py", ".typed", *((".cpp", ".h") if compiled_from else ())}
    return {
        str(path.relative_to(ROOT))
        for package in _PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and (path.suffix in suffixes or "web" in path.parts or path.name == "py.typed")
    }


def test_the_wheel_holds_the_packages_only(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert names == package_files(compiled_from=False)


def test_the_source_distribution_holds_what_the_wheel_is_built_from(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames() if archive.getmember(name).isfile()}

    metadata = {"LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg", "setup.py"}
    assert {name for name in names if ".egg-info/" not in name} == metadata | package_files(compiled_from=True)
