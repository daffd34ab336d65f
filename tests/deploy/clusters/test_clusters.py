"""The end-to-end suite's view of a cluster, on the answers that a real API server gave."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.deploy.clusters.api_server import ApiServer
from tests.deploy.test_health import recorded
from tests.e2e.clusters import Cluster, connecting, wait_until

SERVICE = "/apis/serving.kserve.io/v1beta1/namespaces/ocr/inferenceservices/ocr"
PODS = "/api/v1/namespaces/ocr/pods"
EVENTS = "/api/v1/namespaces/ocr/events"
NAMESPACE = "/api/v1/namespaces/ocr"


def test_ready(api: ApiServer, cluster: Cluster) -> None:
    api.answers[SERVICE] = recorded("ready")
    assert cluster.is_ready()
    assert cluster.host() == "ocr-transformer.ocr.example.com"
    assert cluster.is_settled()
    assert cluster.component("predictor")["latestReadyRevision"] == "ocr-predictor-00001"


def test_asleep_is_ready(api: ApiServer, cluster: Cluster) -> None:
    api.answers[SERVICE] = recorded("asleep-at-zero")
    api.answers[PODS] = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}
    assert cluster.is_ready()
    cluster.wait_asleep()


@pytest.mark.parametrize("name", ["created", "image-missing", "crash-loop", "stopped"])
def test_not_ready(api: ApiServer, cluster: Cluster, name: str) -> None:
    api.answers[SERVICE] = recorded(name)
    assert not cluster.is_ready()
    assert not cluster.is_settled()


def test_a_split_is_not_settled(api: ApiServer, cluster: Cluster) -> None:
    split = recorded("ready")
    split["status"]["components"]["transformer"]["traffic"] = [{"percent": 40}, {"percent": 60, "tag": "prev"}]
    api.answers[SERVICE] = split
    assert not cluster.is_settled()


def test_diagnosis_names_conditions_pods_and_events(api: ApiServer, cluster: Cluster) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    api.answers[SERVICE] = recorded("image-missing")
    api.answers[PODS] = {
        "items": [
            {
                "metadata": {"name": "ocr-bad-1"},
                "status": {
                    "phase": "Pending",
                    "containerStatuses": [
                        {
                            "name": "kserve-container",
                            "image": "",
                            "imageID": "",
                            "ready": False,
                            "restartCount": 0,
                            "state": waiting,
                        }
                    ],
                },
            }
        ]
    }
    api.answers[EVENTS] = {
        "items": [
            {"metadata": {}, "involvedObject": {"name": "ocr-bad-1"}, "reason": "Failed", "message": "cannot pull"}
        ]
    }
    said = cluster.diagnosis()
    assert "Ready: Unknown RevisionMissing" in said
    assert "pod ocr-bad-1: Pending kserve-container ImagePullBackOff: no such image" in said
    assert "event ocr-bad-1: Failed cannot pull" in said


def test_a_roll_changes_both_containers_and_nothing_else_of_them(api: ApiServer, cluster: Cluster) -> None:
    api.answers[SERVICE] = recorded("ready")
    cluster.roll(images="a@sha256:1 b@sha256:2", canaryTrafficPercent=40)
    ((content_type, patch),) = api.patches
    assert content_type == "application/merge-patch+json"
    assert [part["containers"][0]["image"] for part in patch["spec"].values()] == ["a@sha256:1", "b@sha256:2"]
    assert {part["canaryTrafficPercent"] for part in patch["spec"].values()} == {40}
    for name, part in patch["spec"].items():
        (said,) = cluster.said()[name]["containers"]
        assert part["containers"][0] == said | {"image": part["containers"][0]["image"]}


def test_restoring_takes_the_canary_away(api: ApiServer, cluster: Cluster) -> None:
    api.answers[SERVICE] = recorded("ready")
    cluster.restore()
    ((_, patch),) = api.patches
    assert {name: part["canaryTrafficPercent"] for name, part in patch["spec"].items()} == {
        "predictor": None,
        "transformer": None,
    }


def pod(name: str, component: str, **metadata: Any) -> dict[str, Any]:
    """A running pod of a component."""
    return {"metadata": {"name": name, "labels": {"component": component}, **metadata}, "status": {"phase": "Running"}}


def test_running_pods_are_those_of_the_component_that_are_not_ending(api: ApiServer, cluster: Cluster) -> None:
    ending = pod("b", "predictor", deletionTimestamp="2026-01-01T00:00:00Z")
    api.answers[PODS] = {"items": [pod("a", "predictor"), ending, pod("c", "transformer")]}
    assert [found.metadata.name for found in cluster.running("predictor")] == ["a"]


def test_the_predictors_host_stands_beside_the_transformers(api: ApiServer, cluster: Cluster) -> None:
    api.answers[SERVICE] = recorded("ready")
    assert cluster.predictor_host() == "ocr-predictor.ocr.example.com"


def test_components_are_applied_on_top(api: ApiServer, cluster: Cluster) -> None:
    collocated = Cluster(overlay="local", components=("collocated",))
    assert set(cluster.said()) == {"predictor", "transformer"}
    assert set(collocated.said()) == {"predictor"}


def test_the_command_that_tries_to_connect(api: ApiServer) -> None:
    port = api.server.server_port
    assert subprocess.run(connecting("127.0.0.1", port), check=False).returncode == 0
    assert subprocess.run(connecting("127.0.0.1", 1), check=False).returncode == 7


def test_gone(api: ApiServer, cluster: Cluster) -> None:
    assert cluster.is_gone()
    api.answers[NAMESPACE] = {"kind": "Namespace", "metadata": {"name": "ocr"}}
    assert not cluster.is_gone()


def test_waiting_ends_with_the_diagnosis() -> None:
    with pytest.raises(AssertionError, match="the reason"):
        wait_until(lambda: False, seconds=0, otherwise=lambda: "the reason")
