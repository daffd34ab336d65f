"""Every overlay, and every sensible set of components on it, renders and would be admitted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.deploy.support.rendering import (
    CASES,
    COMPONENTS,
    OVERLAYS,
    ROOT,
    SAMPLED,
    namespace,
    of_kind,
    only,
    render,
    service,
)
from tests.deploy.support.schemas import problems, strict

YAML_FILES = sorted(
    path for place in ("argocd", "kustomize", "manifests", "monitoring") for path in (ROOT / place).rglob("*.yaml")
)


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_renders_only_fields_that_the_api_server_knows(overlay: str, components: tuple[str, ...]) -> None:
    found = [problem for resource in render(overlay, components) for problem in problems(resource)]
    assert not found, "\n".join(found)


def test_the_validator_refuses_an_unknown_field() -> None:
    misspelt = service("dev") | {"spec": {"predictor": {"containers": [{"nmae": "kserve-container"}]}}}
    assert any("nmae" in problem for problem in problems(misspelt))


def test_the_validator_refuses_an_unknown_field_of_a_core_kind() -> None:
    quota = only(render("dev"), "ResourceQuota")
    assert any("hrad" in problem for problem in problems(quota | {"spec": {"hrad": {}}}))


def test_the_validator_refuses_a_kind_that_nobody_published() -> None:
    assert problems({"apiVersion": "example.com/v1", "kind": "Nothing", "metadata": {"name": "x"}})


def test_strict_keeps_what_a_schema_leaves_open() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    made = strict(schema)
    assert made["additionalProperties"] is False
    assert "additionalProperties" not in made["properties"]["a"]


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_everything_is_in_the_overlays_namespace(overlay: str, components: tuple[str, ...]) -> None:
    for resource in render(overlay, components):
        if resource["kind"] == "Namespace":
            assert resource["metadata"]["name"] == namespace(overlay)
        else:
            assert resource["metadata"]["namespace"] == namespace(overlay), resource["metadata"]["name"]


def test_overlays_do_not_share_a_namespace() -> None:
    assert len({namespace(overlay) for overlay in OVERLAYS}) == len(OVERLAYS)


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_no_two_objects_have_one_name(overlay: str, components: tuple[str, ...]) -> None:
    names = [(resource["kind"], resource["metadata"]["name"]) for resource in render(overlay, components)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_labels_follow_the_convention_and_selectors_do_not(overlay: str, components: tuple[str, ...]) -> None:
    for resource in render(overlay, components):
        if resource["kind"] == "InferenceService":
            assert resource["metadata"]["labels"]["app.kubernetes.io/name"] == "ocr"
        if resource["kind"] == "NetworkPolicy":
            selected = resource["spec"]["podSelector"].get("matchLabels", {})
            assert not any(label.startswith("app.kubernetes.io/") for label in selected)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_on_the_inference_service_changes_with_a_commit(overlay: str) -> None:
    # Labels and annotations reach the revision templates: one of these would make two revisions with every commit.
    metadata = service(overlay)["metadata"]
    assert set(metadata["labels"]) <= {"app.kubernetes.io/name", "app.kubernetes.io/part-of"}
    assert set(metadata["annotations"]) <= {
        "argocd.argoproj.io/sync-wave",
        "serving.kserve.io/deploymentMode",
        "serving.kserve.io/stop",
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_claimed_host_belongs_to_the_overlays_namespace(overlay: str) -> None:
    resources = render(overlay, ("ingress-compat",))
    claim, mapping = only(resources, "ClusterDomainClaim"), only(resources, "DomainMapping")
    assert claim["metadata"]["name"] == mapping["metadata"]["name"]
    assert claim["spec"]["namespace"] == mapping["metadata"]["namespace"] == mapping["spec"]["ref"]["namespace"]
    assert mapping["spec"]["ref"]["name"] == "ocr-transformer"


def test_a_claimed_host_leads_to_the_collocated_pod() -> None:
    mapping = only(render("dev", ("monitoring", "ingress-compat", "collocated")), "DomainMapping")
    assert mapping["spec"]["ref"]["name"] == "ocr-predictor"


def test_components_are_all_tried() -> None:
    directories = {path.parent.name for path in (ROOT / "kustomize" / "components").glob("*/kustomization.yaml")}
    assert directories == set(COMPONENTS) == {component for components in SAMPLED for component in components}


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_key_is_said_twice(path: Path) -> None:
    class Unique(yaml.SafeLoader):
        pass

    def construct(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
        keys = [loader.construct_object(key) for key, _ in node.value]
        assert len(set(keys)) == len(keys), f"{node.start_mark}: a key twice in {keys}"
        return dict(loader.construct_pairs(node))

    Unique.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, construct)
    assert list(yaml.load_all(path.read_text(), Loader=Unique))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_monitoring_comes_last(overlay: str) -> None:
    resources = render(overlay) if overlay in ("staging", "production") else render(overlay, ("monitoring",))
    monitors = of_kind(resources, "PodMonitor") + of_kind(resources, "PrometheusRule")
    assert monitors
    for monitor in monitors:
        annotations = monitor["metadata"]["annotations"]
        assert annotations["argocd.argoproj.io/sync-wave"] == "1"
        assert annotations["argocd.argoproj.io/sync-options"] == "SkipDryRunOnMissingResource=true"


@pytest.mark.parametrize("component", ["standard-mode", "collocated"])
def test_monitoring_follows_the_ports(component: str) -> None:
    ordinary = only(render("production"), "PodMonitor")["spec"]["podMetricsEndpoints"]
    moved = only(render("production", (component,)), "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert moved != ordinary
