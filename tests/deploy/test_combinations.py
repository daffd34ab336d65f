"""Overlays with the combinations of components that may go together render and would be admitted unchanged."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.support.defaults import admitted
from tests.deploy.support.rendering import COMPONENTS, OVERLAYS, combinations, render
from tests.deploy.support.schemas import problems

EVERYTHING = os.environ.get("OCR_EVERY_OVERLAY") == "1"
CHOSEN = OVERLAYS if EVERYTHING else ("dev",)
"""All overlays with all combinations take minutes: ``make manifests``, which ``.ci/run`` calls. The suite takes one
overlay, and the combinations of at most two components and those to which no other can be added."""


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("overlay", CHOSEN)
def test_combinations_are_admitted_unchanged(overlay: str) -> None:
    every = combinations(overlay)
    assert len(every) >= 80
    sets = every if EVERYTHING else [one for one in every if len(one) <= 2 or not any(set(one) < set(o) for o in every)]
    with ThreadPoolExecutor(2) as pool:
        rendered = list(pool.map(lambda components: render(overlay, components), sets))
    for components, resources in zip(sets, rendered, strict=True):
        found = [problem for resource in resources for problem in problems(resource)]
        assert not found, f"{overlay} with {components}: {found}"
        changed = [resource["metadata"]["name"] for resource in resources if admitted(resource) != resource]
        assert not changed, f"{overlay} with {components}: {changed}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_all_objects_are_found_by_their_labels(component: str) -> None:
    expected = {"app.kubernetes.io/name": "ocr", "app.kubernetes.io/part-of": "kserve-ocr"}
    unlabeled = [
        f"{resource['kind']} {resource['metadata']['name']}"
        for resource in render("dev", (component,))
        if not expected.items() <= resource["metadata"].get("labels", {}).items()
    ]
    assert not unlabeled
