"""Stored schemas lose descriptions and repetition, and nothing that a validator reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.generate import crd_schemas
from tools.generate.crd_schemas import KINDS, STORED, expand, prune, share

CONTAINER = {
    "type": "object",
    "description": "A container.",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 63, "description": "Its name.", "example": "a"},
        "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "pull": {"type": "string", "enum": ["Always", "Never"], "default": "Always"},
        "args": {
            "type": "array",
            "items": {"type": "string", "description": "One."},
            "x-kubernetes-list-type": "atomic",
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
POD = {"type": "object", "properties": {"first": CONTAINER, "second": CONTAINER, "third": {"items": CONTAINER}}}


def described(schema: Any) -> bool:
    """Whether a description or an example of the schema itself is left somewhere; properties may have those names."""
    if not isinstance(schema, dict):
        return False
    children = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), schema.get("items")]
    return bool({"description", "example"} & set(schema)) or any(map(described, children))


def test_pruning_keeps_what_validators_read() -> None:
    pruned = prune(CONTAINER)
    assert not described(pruned)
    assert pruned["required"] == ["name"]
    assert pruned["properties"]["name"] == {"type": "string", "pattern": "^[a-z]+$", "maxLength": 63}
    assert pruned["properties"]["port"] == CONTAINER["properties"]["port"]  # type: ignore[index]
    assert pruned["properties"]["free"]["x-kubernetes-preserve-unknown-fields"] is True


def test_pruning_keeps_a_property_called_description() -> None:
    assert prune({"properties": {"description": {"type": "string"}}}) == {
        "properties": {"description": {"type": "string"}}
    }


def test_sharing_writes_equal_parts_once_and_expanding_restores_them() -> None:
    pruned = prune(POD)
    shared = share(pruned)
    assert list(shared["$defs"]) == ["first"]
    assert shared["properties"]["second"] == {"$ref": "#/$defs/first"}
    assert expand(shared) == pruned


def test_sharing_tells_parts_of_one_name_apart() -> None:
    other = {**prune(CONTAINER), "required": ["port"]}
    schema = {"properties": {"a": {"properties": {"x": prune(CONTAINER), "y": prune(CONTAINER)}},
                             "b": {"properties": {"x": other, "y": other}}}}  # fmt: skip
    shared = share(schema)
    assert len(shared["$defs"]) == 2
    assert expand(shared) == schema


def test_stored_files_are_of_the_kinds_in_use_and_have_no_descriptions() -> None:
    stored = [json.loads(path.read_text()) for path in STORED.glob("*.json")]
    assert {content["kind"] for content in stored} == KINDS
    for content in stored:
        for schema in content["versions"].values():
            assert not described(schema), content["kind"]


def definition(kind: str) -> dict[str, Any]:
    """A small published definition."""
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": POD}}]
    spec = {"group": "example.com", "names": {"kind": kind}, "versions": versions}
    return {"kind": "CustomResourceDefinition", "spec": spec}


def test_one_file_for_each_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kserve").mkdir()
    text = yaml.safe_dump_all([definition(kind) for kind in [*KINDS, "Unused"]])
    (tmp_path / "kserve" / "all.yaml").write_text(text)
    monkeypatch.setattr(crd_schemas, "STORED", tmp_path / "stored")
    monkeypatch.setattr("sys.argv", ["crd_schemas", str(tmp_path)])
    crd_schemas.main()
    made = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "stored").iterdir()}
    assert set(made) == {kind.lower() for kind in KINDS}
    assert expand(made["podmonitor"]["versions"]["v1"]) == prune(POD)
    assert made["podmonitor"]["source"] == {
        "file": "all.yaml",
        "license": "Apache-2.0",
        "project": "kserve",
        "version": crd_schemas.versions()["KSERVE"],
    }


def test_a_folder_without_a_kind_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["crd_schemas", str(tmp_path)])
    with pytest.raises(SystemExit):
        crd_schemas.main()
    assert "InferenceService" in capsys.readouterr().err
