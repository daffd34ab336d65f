"""The project allows what the overlays hold and nothing else; the ApplicationSet keeps each of them."""

from __future__ import annotations

import functools
import json
import re
from fnmatch import fnmatchcase

import pytest

from tests.deploy.clusters.api_server import merged
from tests.deploy.support.rendering import CASES, OVERLAYS, ROOT, Resource, build, namespace, only, render
from tests.deploy.support.schemas import problems

KEPT = tuple(overlay for overlay in OVERLAYS if overlay != "local")


@functools.cache
def rendered() -> list[Resource]:
    """Every object that ``make argocd`` applies."""
    return build(ROOT / "argocd")


@pytest.fixture
def project() -> Resource:
    """The specification of the AppProject."""
    spec: Resource = only(rendered(), "AppProject")["spec"]
    return spec


@pytest.fixture
def application_set() -> Resource:
    """The specification of the ApplicationSet."""
    spec: Resource = only(rendered(), "ApplicationSet")["spec"]
    return spec


def group(resource: Resource) -> str:
    name, _, version = resource["apiVersion"].rpartition("/")
    return str(name if version else "")


def test_validates_strictly() -> None:
    assert not [problem for resource in rendered() for problem in problems(resource)]


def test_one_application_for_each_overlay(application_set: Resource) -> None:
    (generator,) = application_set["generators"]
    assert [element["overlay"] for element in generator["list"]["elements"]] == list(KEPT)


@pytest.mark.parametrize("overlay", KEPT)
def test_application_leads_from_the_overlay_to_its_namespace(
    overlay: str, application_set: Resource, project: Resource
) -> None:
    spec = application_set["template"]["spec"]
    path, destination = (
        text.replace("{{ .overlay }}", overlay) for text in (spec["source"]["path"], spec["destination"]["namespace"])
    )
    assert (ROOT / path / "kustomization.yaml").is_file()
    assert destination == namespace(overlay)
    assert {"server": spec["destination"]["server"], "namespace": destination} in project["destinations"]


def test_project_has_exactly_the_source_and_destinations_that_are_used(
    application_set: Resource, project: Resource
) -> None:
    assert project["sourceRepos"] == [application_set["template"]["spec"]["source"]["repoURL"]]
    assert {destination["namespace"] for destination in project["destinations"]} == {namespace(o) for o in KEPT}


def test_project_allows_exactly_the_kinds_that_overlays_and_components_hold(project: Resource) -> None:
    held = {(group(resource), resource["kind"]) for case in CASES for resource in render(*case)}
    cluster = {(item["group"], item["kind"]) for item in project["clusterResourceWhitelist"]}
    namespaced = {(item["group"], item["kind"]) for item in project["namespaceResourceWhitelist"]}
    assert held == cluster | namespaced
    assert cluster == {("", "Namespace"), ("networking.internal.knative.dev", "ClusterDomainClaim")}


def test_project_allows_no_other_namespace(project: Resource) -> None:
    (pattern,) = [item["name"] for item in project["clusterResourceWhitelist"] if item["kind"] == "Namespace"]
    assert all(fnmatchcase(namespace(overlay), pattern) for overlay in KEPT)
    assert not fnmatchcase("kube-system", pattern)


def test_applications_heal_retry_and_compare_on_the_server(application_set: Resource) -> None:
    template = application_set["template"]
    policy = template["spec"]["syncPolicy"]
    assert policy["automated"] == {"enabled": True, "prune": True, "selfHeal": True}
    assert policy["retry"]["limit"] > 0
    assert "ServerSideApply=true" in policy["syncOptions"]
    assert template["metadata"]["annotations"]["argocd.argoproj.io/compare-options"] == "ServerSideDiff=true"


def test_the_runbooks_command_pauses_every_application() -> None:
    text = (ROOT / "docs" / "runbooks.md").read_text()
    (patch,) = re.findall(r"patch applicationset ocr --type=merge -p '(.+)'", text)
    paused = merged(only(rendered(), "ApplicationSet"), json.loads(patch))
    assert not problems(paused)
    policy = paused["spec"]["template"]["spec"]["syncPolicy"]
    assert policy["automated"] == {"enabled": False, "prune": True, "selfHeal": True}


def wave(resource: Resource) -> int:
    return int(resource["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0"))


def test_waves_prepare_then_guard_then_serve_then_watch() -> None:
    waves: dict[str, set[int]] = {}
    for resource in render("dev", ("monitoring",)):
        waves.setdefault(resource["kind"], set()).add(wave(resource))
    prepared = waves["Namespace"] | waves["ResourceQuota"] | waves["LimitRange"] | waves["ServiceAccount"]
    watched = waves["PodMonitor"] | waves["PrometheusRule"]
    assert prepared == {-2}
    assert waves["NetworkPolicy"] == {-1}
    assert waves["InferenceService"] == {0}
    assert watched == {1}


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_a_stopped_service_comes_last(overlay: str) -> None:
    # Argo CD waits for a suspended object before it goes on to the next wave, and would wait for ever.
    resources = render(overlay)
    service = only(resources, "InferenceService")
    if service["metadata"]["annotations"].get("serving.kserve.io/stop") == "true":
        assert wave(service) == max(map(wave, resources))
        assert [r["kind"] for r in resources if wave(r) == wave(service)] == ["InferenceService"]
    else:
        assert wave(service) == 0
