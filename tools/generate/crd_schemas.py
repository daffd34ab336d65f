"""Structural schemas of CustomResourceDefinitions, pruned to what validation needs, for ``tests/deploy/crds``.

Kept: types, properties, required, enums, patterns, limits, defaults, lists and maps, int-or-string, unknown fields.
Left out: descriptions, examples and everything that no validator reads. Parts that occur more than once (a pod's fields
stand in an InferenceService thirty times) are written once, under ``$defs``.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "tests" / "deploy" / "crds"
VERSIONS = ROOT / "scripts" / "versions.env"

PROJECTS = {
    "argo-cd": "ARGO_CD",
    "knative-serving": "KNATIVE",
    "kserve": "KSERVE",
    "prometheus-operator": "PROMETHEUS_OPERATOR",
}
"""Folders of published definitions, each with the name of its version in ``scripts/versions.env``."""
LICENSE = "Apache-2.0"
"""The licence of all four projects."""
KINDS = {
    "AppProject",
    "ApplicationSet",
    "ClusterDomainClaim",
    "ClusterServingRuntime",
    "DomainMapping",
    "InferenceService",
    "PodMonitor",
    "PrometheusRule",
    "ServingRuntime",
}

KEPT = {
    *("type", "required", "enum", "pattern", "format", "nullable", "default"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    *("x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"),
    *("x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-validations"),
}
NESTED = ("items", "additionalProperties", "not")
LISTED = ("allOf", "anyOf", "oneOf")
_SHORT = 200
"""Characters of JSON that are repeated rather than referred to."""

Schema = dict[str, Any]


def versions() -> dict[str, str]:
    """The pins of ``scripts/versions.env``."""
    lines = [line for line in VERSIONS.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def prune(schema: Any) -> Any:
    """``schema`` without what no validator reads."""
    if not isinstance(schema, dict):
        return schema
    made: Schema = {key: value for key, value in schema.items() if key in KEPT}
    if "properties" in schema:
        made["properties"] = {name: prune(child) for name, child in schema["properties"].items()}
    made |= {key: prune(schema[key]) for key in NESTED if key in schema}
    made |= {key: [prune(child) for child in schema[key]] for key in LISTED if key in schema}
    return made


def share(schema: Schema) -> Schema:
    """``schema`` with equal parts of some length moved to ``$defs``, named after the property that has them."""
    counts = Counter(_text(part) for _, part in _parts(schema, ""))
    names: dict[str, str] = {}
    definitions: Schema = {}

    def shared(part: Any, name: str) -> Any:
        text = _text(part)
        if not isinstance(part, dict) or counts[text] < 2 or len(text) <= _SHORT:
            return rebuilt(part, name)
        if text not in names:
            taken = sum(1 for found in names.values() if found.rstrip("0123456789") == name)
            names[text] = f"{name}{taken + 1}" if taken else name
            definitions[names[text]] = rebuilt(part, name)
        return {"$ref": f"#/$defs/{names[text]}"}

    def rebuilt(part: Any, name: str) -> Any:
        if not isinstance(part, dict):
            return part
        made = dict(part)
        if "properties" in part:
            made["properties"] = {child: shared(value, child) for child, value in part["properties"].items()}
        made |= {key: shared(part[key], name) for key in NESTED if key in part}
        return made

    return {**rebuilt(schema, "root"), **({"$defs": definitions} if definitions else {})}


def expand(schema: Schema) -> Schema:
    """The schema as it was before ``share``; equal parts are one object in memory."""
    definitions = schema.get("$defs", {})
    made: Schema = {}

    def expanded(part: Any) -> Any:
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = part["$ref"].removeprefix("#/$defs/")
            if name not in made:
                made[name] = expanded(definitions[name])
            return made[name]
        copy = dict(part)
        if "properties" in part:
            copy["properties"] = {child: expanded(value) for child, value in part["properties"].items()}
        return copy | {key: expanded(part[key]) for key in NESTED if key in part}

    return {key: value for key, value in expanded(schema).items() if key != "$defs"}


def _parts(schema: Any, name: str) -> Iterator[tuple[str, Schema]]:
    """Every schema within ``schema``, with the name of its property."""
    if isinstance(schema, dict):
        yield name, schema
        for child, value in schema.get("properties", {}).items():
            yield from _parts(value, child)
        for key in NESTED:
            yield from _parts(schema.get(key), name)


def _text(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True)


def definitions(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Published CustomResourceDefinitions of the kinds in use, with their files."""
    for path in sorted(folder.rglob("*.yaml")):
        for document in yaml.load_all(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            is_definition = document and document["kind"] == "CustomResourceDefinition"
            if is_definition and document["spec"]["names"]["kind"] in KINDS:
                yield path, document


def stored(path: Path, definition: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a definition: its source and, for each version, its schema."""
    spec, project = definition["spec"], path.parent.name
    return {
        "source": {"file": path.name, "license": LICENSE, "project": project, "version": versions()[PROJECTS[project]]},
        "group": spec["group"],
        "kind": spec["names"]["kind"],
        "versions": {
            version["name"]: share(prune(version["schema"]["openAPIV3Schema"])) for version in spec["versions"]
        },
    }


def main() -> None:
    """Write one file for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of published definitions, one subfolder for each project")
    folder = parser.parse_args().folder
    found = {definition["spec"]["names"]["kind"]: stored(path, definition) for path, definition in definitions(folder)}
    if missing := KINDS - set(found):
        parser.error(f"{folder} has no definition of {', '.join(sorted(missing))}; run scripts/crds without CRDS")
    STORED.mkdir(exist_ok=True)
    for kind, content in sorted(found.items()):
        (STORED / f"{kind.lower()}.json").write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        print(f"{kind}: {content['source']['project']} {content['source']['version']}")


if __name__ == "__main__":
    main()
