"""Manifests in docs/deploy.md are ones that a cluster admits."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.deploy.support.rendering import ROOT
from tests.deploy.support.schemas import problems

BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL)
RESOURCES = [resource for block in BLOCKS for resource in yaml.safe_load_all(block) if "metadata" in resource]


def test_there_are_examples_of_both_forms_of_mounted_languages() -> None:
    predictors = [resource["spec"]["predictor"] for resource in RESOURCES if resource["kind"] == "InferenceService"]
    assert [("storageUri" in predictor["model"], "storageUris" in predictor) for predictor in predictors] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource["metadata"]["name"])
def test_example_validates(resource: dict[str, Any]) -> None:
    assert problems(resource) == []
