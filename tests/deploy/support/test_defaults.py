"""Git and cluster agree: admission finds nothing to add or to rewrite, so ``kubectl diff`` stays quiet."""

from __future__ import annotations

import copy

import pytest

from tests.deploy.support.defaults import admitted
from tests.deploy.support.rendering import CASES, parts, render, service


@pytest.mark.parametrize(("overlay", "components"), CASES)
def test_admission_changes_nothing(overlay: str, components: tuple[str, ...]) -> None:
    for resource in render(overlay, components):
        assert admitted(resource) == resource, resource["metadata"]["name"]


def test_admission_would_fill_in_what_is_missing() -> None:
    bare = copy.deepcopy(service("dev"))
    del bare["metadata"]["annotations"]
    part = parts(bare)["predictor"]
    container = part["containers"][0]
    del part["automountServiceAccountToken"], container["resources"], container["ports"][0]["protocol"]
    container["name"] = "mine"
    container["readinessProbe"]["periodSeconds"] = 0
    made = admitted(bare)
    filled = parts(made)["predictor"]
    assert made["metadata"]["annotations"] == {"serving.kserve.io/deploymentMode": "Standard"}
    assert filled["automountServiceAccountToken"] is False
    assert filled["containers"][0]["name"] == "kserve-container"
    assert filled["containers"][0]["ports"][0]["protocol"] == "TCP"
    assert filled["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    assert "periodSeconds" not in filled["containers"][0]["readinessProbe"]


@pytest.mark.parametrize(("said", "stored"), [("Serverless", "Knative"), ("RawDeployment", "Standard")])
def test_admission_rewrites_the_older_names_of_modes(said: str, stored: str) -> None:
    older = copy.deepcopy(service("dev"))
    older["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = said
    assert admitted(older)["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == stored


def test_admission_rewrites_a_quantity_that_is_not_canonical() -> None:
    loose = copy.deepcopy(service("dev"))
    parts(loose)["predictor"]["containers"][0]["resources"]["limits"]["cpu"] = "2000m"
    assert parts(admitted(loose))["predictor"]["containers"][0]["resources"]["limits"]["cpu"] == "2"
