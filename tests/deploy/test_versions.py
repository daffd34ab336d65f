"""scripts/versions.env is the only place of each pin: scripts read it, documents and stored schemas agree with it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.deploy.support.rendering import ROOT
from tools.generate.crd_schemas import PROJECTS, STORED, versions

PINS = versions()
SCRIPTS = ("argocd", "cluster", "crds", "deploy", "undeploy")
TABLE = {
    "Kubernetes": ("KUBERNETES_OLDEST", "KUBERNETES"),
    "KServe": ("KSERVE",),
    "Knative Serving": ("KNATIVE",),
    "Kourier": ("KNATIVE",),
    "cert-manager": ("CERT_MANAGER",),
    "Argo CD": ("ARGO_CD",),
    "kube-prometheus-stack": ("PROMETHEUS_STACK",),
    "Prometheus operator": ("PROMETHEUS_OPERATOR",),
}
"""Rows of the table of tested versions in docs/deploy.md, and the pins that each must name."""


def plain(version: str) -> str:
    """``knative-v1.23.0`` and ``v1.23.0`` as ``1.23.0``."""
    return re.sub(r"^(knative-)?v", "", version)


def rows() -> dict[str, str]:
    """First and second column of the table of tested versions."""
    section = (ROOT / "docs" / "deploy.md").read_text().split("\n## Tested versions\n")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")][2:]
    return {row[0].strip(): row[1].strip() for row in cells}


@pytest.mark.parametrize(("name", "pins"), TABLE.items())
def test_the_table_of_tested_versions_names_the_pins(name: str, pins: tuple[str, ...]) -> None:
    assert re.findall(r"\d+(?:\.\d+)+", rows()[name]) == [plain(PINS[pin]) for pin in pins]


def test_every_pin_is_in_the_table() -> None:
    assert {pin for pins in TABLE.values() for pin in pins} == set(PINS)


def test_the_table_names_the_locked_python_sdk_of_kserve() -> None:
    locked = re.search(r"^kserve==(\S+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)
    assert locked
    assert rows()["KServe's Python SDK"] == locked[1]


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_stored_schemas_are_of_the_pinned_versions(path: Path) -> None:
    source = json.loads(path.read_text())["source"]
    assert source["version"] == PINS[PROJECTS[source["project"]]]


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_says_a_version_itself(name: str) -> None:
    assert not re.findall(r"\bv?\d+\.\d+\.\d+\b(?!\.)", (ROOT / "scripts" / name).read_text())


DOCUMENTS = [
    "README.md",
    "docs/deploy.md",
    "docs/runbooks.md",
    "monitoring/README.md",
    "tests/monitoring/recorded/README.md",
]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_name_no_other_version_of_a_pinned_project(path: str) -> None:
    names = {"KServe": "KSERVE", "Knative": "KNATIVE", "Knative Serving": "KNATIVE", "Argo CD": "ARGO_CD"}
    text = (ROOT / path).read_text()
    for name, pin in names.items():
        for said in re.findall(rf"\b{name} v?(\d+\.\d+(?:\.\d+)?)", text):
            assert plain(PINS[pin]).startswith(said), f"{path} says {name} {said}"
