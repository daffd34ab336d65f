"""Where the end-to-end tests run: a plain URL (OCR_URL), or a cluster (KUBECONFIG) that they deploy an overlay to.

===================  ==================================================================================================
OCR_URL              only the calls, against a stack that runs already
KUBECONFIG           everything, in the kubeconfig's current cluster; only when tests/e2e is named on the command line
OCR_OVERLAY          the overlay to deploy, ``local`` unless said
OCR_COMPONENTS       components on top of it, as in ``monitoring,collocated``
OCR_INGRESS          the ingress gateway's address; without it ``kubectl port-forward`` reaches Kourier's or Istio's
OCR_HOST             the Host to ask for, for a URL that leads to a gateway
OCR_NEXT_IMAGES      ``PREDICTOR TRANSFORMER``: images to roll to under load; without it a setting is changed
OCR_PREVIOUS_IMAGES  the same of the previous release: to them and back under load
OCR_PACK_LANGUAGES   models of a language pack that the service was given, as in ``deu fra``
OCR_APPLICATION      the Argo CD Application to try changes on, ``ocr-dev`` unless said; skipped where there is none
===================  ==================================================================================================

With neither of the first two these tests are deselected, and pytest says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.applications import Application, find_application
from tests.e2e.clusters import Cluster, forwarded_gateway

HERE = Path(__file__).parent
TIMEOUT = 300.0
"""Seconds a call may take: a cold start on a busy laptop, its images pulled."""
CLUSTER_SECONDS = 1800
"""Seconds a test may take in a cluster, the deployment before the first one included."""


def _mode(config: pytest.Config) -> str | None:
    if os.environ.get("OCR_URL"):
        return "url"
    named = any(HERE in (path := Path(argument.split("::")[0]).resolve()).parents or path == HERE
                for argument in config.args)  # fmt: skip
    # A kubeconfig lies about on many machines: nobody's cluster is touched by a plain `pytest`.
    return "cluster" if named and os.environ.get("KUBECONFIG") else None


def pytest_report_header(config: pytest.Config) -> str:
    mode = _mode(config)
    if mode == "url":
        return f"end to end: the calls, against {os.environ['OCR_URL']}"
    if mode == "cluster":
        return f"end to end: everything, in the cluster of {os.environ['KUBECONFIG']}"
    return "end to end: deselected; set OCR_URL, or KUBECONFIG and name tests/e2e"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mode = _mode(config)
    ours = [item for item in items if HERE in item.path.parents]
    if mode == "cluster":
        for item in ours:
            item.add_marker(pytest.mark.timeout(CLUSTER_SECONDS))
    packed = bool(os.environ.get("OCR_PACK_LANGUAGES", "").split())
    out = [
        item
        for item in ours
        if mode is None
        or (mode == "url" and item.path.name != "test_calls.py")
        or (item.get_closest_marker("pack") and not packed)
    ]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The overlay, deployed and ready; taken away again unless a test did."""
    components = tuple(filter(None, os.environ.get("OCR_COMPONENTS", "").split(",")))
    deployed = Cluster(overlay=os.environ.get("OCR_OVERLAY", "local"), components=components)
    try:
        deployed.apply()
        deployed.wait_ready()
        yield deployed
    finally:
        deployed.remove()


@pytest.fixture(scope="session")
def ocr(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """An HTTP client for the service: its paths only, the host is the service's."""
    if url := os.environ.get("OCR_URL"):
        host = {"host": os.environ["OCR_HOST"]} if "OCR_HOST" in os.environ else {}
        with httpx.Client(base_url=url, timeout=TIMEOUT, headers=host) as client:
            yield client
        return
    with client_of(request.getfixturevalue("cluster")) as client:
        yield client


@pytest.fixture(scope="session")
def application() -> Application:
    """The Application of this project that OCR_APPLICATION names."""
    name = os.environ.get("OCR_APPLICATION", "ocr-dev")
    found = find_application(name)
    if found is None:
        missing = f"no Argo CD Application {name} of the project ocr is found in this cluster"
        if "OCR_APPLICATION" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="session")
def kept_ocr(application: Application) -> Iterator[httpx.Client]:
    """An HTTP client for the service that the Application keeps."""
    application.wait_settled()
    with client_of(application.cluster) as client:
        yield client


@contextmanager
def client_of(deployed: Cluster) -> Iterator[httpx.Client]:
    """An HTTP client for what is deployed in a cluster: its paths only, the host is the service's."""
    with (
        forwarded_gateway() as gateway,
        httpx.Client(base_url=gateway, timeout=TIMEOUT, headers={"host": deployed.host()}) as client,
    ):
        yield client
