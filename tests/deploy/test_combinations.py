"""Every overlay with every combination of components that may go together renders and would be admitted unchanged."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.support.defaults import admitted
from tests.deploy.support.rendering import OVERLAYS, combinations, render
from tests.deploy.support.schemas import problems

CHOSEN = OVERLAYS if os.environ.get("OCR_EVERY_OVERLAY") == "1" else ("dev",)
"""All overlays take two minutes: `make manifests`. The suite takes the one that is the base as it is."""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("overlay", CHOSEN)
def test_every_combination_is_admitted_unchanged(overlay: str) -> None:
    sets = combinations(overlay)
    assert len(sets) >= 80
    with ThreadPoolExecutor(2) as pool:
        rendered = list(pool.map(lambda components: render(overlay, components), sets))
    for components, resources in zip(sets, rendered, strict=True):
        found = [problem for resource in resources for problem in problems(resource)]
        assert not found, f"{overlay} with {components}: {found}"
        changed = [resource["metadata"]["name"] for resource in resources if admitted(resource) != resource]
        assert not changed, f"{overlay} with {components}: {changed}"
