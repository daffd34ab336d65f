"""The health override's Lua, run on statuses that a real cluster gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lupa.lua51
import pytest
import yaml

from tests.deploy.support.rendering import ROOT, build, only

STATUSES = Path(__file__).parent / "statuses"
KEY = "resource.customizations.health.serving.kserve.io_InferenceService"
EXPECTED = {
    "ready": "Healthy",
    "just-at-zero": "Healthy",
    "asleep-at-zero": "Healthy",
    "created": "Progressing",
    "image-missing": "Progressing",
    "crash-loop": "Degraded",
    "stopped": "Suspended",
}


def health(obj: dict[str, Any]) -> tuple[str, str]:
    """What Argo CD would make of ``obj``: Lua 5.1 with the base and table libraries and nothing else."""
    runtime = lupa.lua51.LuaRuntime(register_eval=False, register_builtins=False)
    runtime.execute("string, io, os, package, require, debug, math, coroutine = nil")
    runtime.globals().obj = runtime.table_from(obj, recursive=True)
    found = runtime.execute((ROOT / "argocd" / "health.lua").read_text())
    return found.status, found.message


def recorded(name: str) -> dict[str, Any]:
    obj: dict[str, Any] = yaml.safe_load((STATUSES / f"{name}.yaml").read_text())
    return obj


def test_every_recorded_status_is_expected_something() -> None:
    assert {path.stem for path in STATUSES.glob("*.yaml")} == set(EXPECTED)


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_recorded_status(name: str, expected: str) -> None:
    status, message = health(recorded(name))
    assert status == expected
    assert message


def test_crash_loop_says_why() -> None:
    assert health(recorded("crash-loop")) == ("Degraded", "The predictor fails: ModelLoadFailed")


def test_waiting_says_for_what() -> None:
    assert health(recorded("image-missing"))[1].endswith("is waiting for a Revision to become ready.")


@pytest.mark.parametrize("obj", [{}, {"status": {}}, {"status": {"conditions": []}}])
def test_before_any_status_it_is_progressing(obj: dict[str, Any]) -> None:
    assert health(obj) == ("Progressing", "Waiting for the first status")


def test_not_ready_is_degraded() -> None:
    failed = {"type": "Ready", "status": "False", "reason": "RevisionFailed", "message": "it failed"}
    assert health({"status": {"conditions": [failed]}}) == ("Degraded", "Not ready: it failed")


def test_argo_cd_is_given_exactly_this_script() -> None:
    config = only(build(ROOT / "argocd"), "ConfigMap")
    assert config["metadata"]["name"] == "argocd-cm"
    assert config["metadata"]["labels"]["app.kubernetes.io/part-of"] == "argocd"
    assert config["data"] == {KEY: (ROOT / "argocd" / "health.lua").read_text()}
