"""The distribution: what it needs, what it holds, and nothing of the servers."""

from __future__ import annotations

import ast
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from setuptools import build_meta

import kserve_ocr_client

CLIENT = Path(__file__).resolve().parent.parent
PACKAGE = CLIENT / "kserve_ocr_client"


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    return found


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_it_imports_what_it_declares_and_nothing_else() -> None:
    declared = {requirement.partition(">=")[0] for requirement in project()["dependencies"]}
    modules = set().union(*(imported(path) for path in PACKAGE.rglob("*.py")))

    assert modules - sys.stdlib_module_names - {"kserve_ocr_client"} == declared


def test_what_is_exported_is_there() -> None:
    assert all(hasattr(kserve_ocr_client, name) for name in kserve_ocr_client.__all__)


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "client"
    source.mkdir()
    for path in [CLIENT / "pyproject.toml", CLIENT / "README.md", *PACKAGE.rglob("*")]:
        if path.is_file() and path.suffix != ".pyc":
            target = source / path.relative_to(CLIENT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    monkeypatch.chdir(source)

    wheel = tmp_path / build_meta.build_wheel(str(tmp_path))

    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = next(archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    files = {str(path.relative_to(CLIENT)) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {name for name in names if ".dist-info/" not in name} == files
    assert "kserve-ocr = kserve_ocr_client.commands.app:main" in entry_points
