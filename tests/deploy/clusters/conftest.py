"""The API server, the kubeconfig that leads to it, and what the suite sees there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.clusters.api_server import ApiServer
from tests.deploy.clusters.argo_cd import APPLICATION, GOOD, LIST, QUOTA, SERVICE, Clock, said
from tests.deploy.test_health import recorded
from tests.e2e.applications import Application, find_application
from tests.e2e.clusters import Cluster


@pytest.fixture
def api() -> Iterator[ApiServer]:
    made = ApiServer()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def kubeconfig(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [{"name": "here", "cluster": {"server": api.url}}],
                "users": [{"name": "me", "user": {}}],
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            }
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))


@pytest.fixture
def cluster(kubeconfig: None) -> Cluster:
    return Cluster(overlay="local")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in ("clusters", "test_argocd"):
        monkeypatch.setattr(f"tests.e2e.{module}.time", made)
    return made


@pytest.fixture
def application(api: ApiServer, kubeconfig: None, clock: Clock) -> Application:
    api.answers[LIST] = {"items": [said()]}
    api.answers[APPLICATION] = said()
    api.answers[SERVICE] = recorded("ready")
    api.answers[SERVICE]["spec"]["predictor"]["containers"][0]["image"] = GOOD
    api.answers[QUOTA] = {"metadata": {"name": "ocr"}, "spec": {"hard": {"pods": "16"}}}
    for kind in ("pods", "events"):
        api.answers[f"/api/v1/namespaces/ocr-dev/{kind}"] = {"items": []}
    found = find_application("ocr-dev")
    assert found
    return found
