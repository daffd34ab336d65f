"""Strict validation: Kubernetes' published schemas for its own kinds, CustomResourceDefinitions for the others."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
from jsonschema import Draft202012Validator

from tests.deploy.support.rendering import ROOT, Resource
from tools.generate.crd_schemas import expand, versions

KUBERNETES = (versions()["KUBERNETES_OLDEST"], versions()["KUBERNETES"])
"""Validated for both; the recordings are from the newer one."""

CRDS = ROOT / "tests" / "deploy" / "crds"
"""Structural schemas, pruned by ``make crds`` from the CustomResourceDefinitions that the projects publish."""


@functools.cache
def _definitions() -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted(CRDS.glob("*.json")):
        stored = json.loads(path.read_text())
        for version, schema in stored["versions"].items():
            found[f"{stored['group']}/{version}", stored["kind"]] = expand(schema)
    return found


def strict(schema: Any) -> Any:
    """A structural schema as JSON Schema that refuses what the API server would prune."""
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: strict(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties", "not"):
            made[key] = strict(value)
        elif key in ("anyOf", "allOf", "oneOf"):
            # Only the outer schema of these says which fields there are.
            made[key] = value
        elif not key.startswith("x-") and key not in ("description", "default", "example", "format", "nullable"):
            made[key] = value
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    preserved = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and not preserved:
        made["additionalProperties"] = False
    return made


@functools.cache
def _validator(api_version: str, kind: str) -> Draft202012Validator:
    schema = strict(_definitions()[api_version, kind])
    schema["properties"] = {**schema["properties"], "apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    schema["properties"]["metadata"] = {"type": "object"}
    schema["additionalProperties"] = False
    return Draft202012Validator(schema)


def definition(api_version: str, kind: str) -> dict[str, Any] | None:
    """The structural schema of a custom resource; None for Kubernetes' own kinds."""
    return _definitions().get((api_version, kind))


def problems(resource: Resource) -> list[str]:
    """What an API server would refuse or prune, or a kind nobody published; empty when nothing."""
    return list(_problems(json.dumps(resource, sort_keys=True)))


@functools.cache
def _problems(text: str) -> tuple[str, ...]:
    resource = json.loads(text)
    name = f"{resource['kind']}/{resource['metadata']['name']}"
    return tuple(f"{name}: {problem}" for problem in _found(resource))


def _found(resource: Resource) -> Iterator[str]:
    if definition(resource["apiVersion"], resource["kind"]) is not None:
        for error in _validator(resource["apiVersion"], resource["kind"]).iter_errors(resource):
            yield f"{error.json_path}: {error.message}"
        # What every object's metadata may hold is Kubernetes' own to say.
        stand_in = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": resource["metadata"]}
        yield from _core(stand_in)
    else:
        yield from _core(resource)


def _core(resource: Resource) -> Iterator[str]:
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {error.json_path}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield error.message
