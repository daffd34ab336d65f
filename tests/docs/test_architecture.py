"""Every file and name that docs/architecture.md mentions exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text()


def test_files_exist() -> None:
    paths = set(re.findall(r"`((?:kserve_ocr|transformer|predictor|tests|monitoring|kustomize|docs)/[\w./]*)`", TEXT))

    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_names_are_defined_in_the_file_beside_them() -> None:
    rows = re.findall(r"^\| ((?:`\w+`,? ?)+)\| `([\w/]+\.py)` \|", TEXT, flags=re.MULTILINE)

    assert len(rows) > 8
    for names, path in rows:
        for name in re.findall(r"\w+", names):
            assert re.search(rf"^class {name}\b", (ROOT / path).read_text(), flags=re.MULTILINE), (name, path)


def test_methods_exist() -> None:
    packages = ("kserve_ocr", "transformer", "predictor")
    source = "\n".join(path.read_text() for package in packages for path in (ROOT / package).rglob("*.py"))
    methods = set(re.findall(r"`([A-Z]\w+)\.([a-z]\w+)`", TEXT.partition("## Private APIs")[0]))

    assert len(methods) > 8
    for class_name, method in methods:
        definition = re.search(rf"^class {class_name}\b.*?(?=^class |\Z)", source, flags=re.MULTILINE | re.DOTALL)
        assert definition, class_name
        assert f"def {method}(" in definition[0], method
