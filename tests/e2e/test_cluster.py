"""What only a cluster shows: scaling to zero, isolation, killed pods, bad images, a canary, a roll, clean removal.

In this order, each test from where the one before it left the service.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.e2e.clusters import READY_SECONDS, Cluster, wait_until
from tests.support.drawn_pages import LINE, draw_line, draw_page, encode, encode_frames, v2_body

INFER = "/v2/models/ocr-model/infer"
REVISION = "serving.knative.dev/revision"
BODY = v2_body(encode(draw_line()))
LAYOUT_BODY = {**BODY, "outputs": [{"name": "output-0"}, {"name": "words"}]}
"""Both services of every pair of releases have to agree on a page's layout, too."""


def needs_two_components(cluster: Cluster) -> None:
    """Skip what only separate pods of predictor and transformer have."""
    if "transformer" not in cluster.said():
        pytest.skip("collocated: there is one pod for both")


def read(ocr: httpx.Client) -> str:
    response = ocr.post(INFER, json=BODY)
    assert response.status_code == 200, response.text
    return str(response.json()["outputs"][0]["data"][0]).strip()


def test_sleeps_at_zero_and_wakes_with_a_request(
    cluster: Cluster, ocr: httpx.Client, record_testsuite_property: Any
) -> None:
    read(ocr)
    cluster.wait_asleep()
    assert cluster.is_ready(), "asleep is not unready"
    started = time.monotonic()
    assert read(ocr) == LINE
    cold = time.monotonic() - started
    pods = {component: len(cluster.running(component)) for component in cluster.said()}
    assert set(pods.values()) == {1}, f"one request started {pods}"
    started = time.monotonic()
    assert read(ocr) == LINE
    warm = time.monotonic() - started
    record_testsuite_property("cold_start_seconds", f"{cold:.2f}")
    print(f"\nfrom request to answer: {cold:.2f} s at zero, {warm:.2f} s warm")


def test_the_predictor_has_no_route_outside(cluster: Cluster, ocr: httpx.Client) -> None:
    needs_two_components(cluster)
    response = ocr.get("/v2/health/ready", headers={"host": cluster.predictor_host()})
    assert response.status_code == 404


def test_network_policies_keep_strangers_out_and_the_predictor_in(cluster: Cluster, ocr: httpx.Client) -> None:
    read(ocr)
    predictor = cluster.running("predictor")[0]
    image = predictor.spec.containers[0].image
    assert not cluster.can_connect_from_elsewhere(image, predictor.status.pod_ip, 8080)
    assert not cluster.can_connect(predictor, "kubernetes.default.svc", 443)
    if transformers := cluster.running("transformer"):
        assert not cluster.can_connect(predictor, transformers[0].status.pod_ip, 8080)


def test_a_pod_killed_in_mid_document_loses_no_page(cluster: Cluster, ocr: httpx.Client) -> None:
    needs_two_components(cluster)
    document = encode_frames([draw_page()] * 24)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(
            ocr.post, "/gateway/ocr", files={"image_file": document}, headers={"accept": "text/plain"}
        )
        wait_until(lambda: bool(cluster.running("predictor")), seconds=60, otherwise=cluster.diagnosis)
        time.sleep(1)  # some pages were recognized, most were not
        cluster.kill(cluster.running("predictor")[0])
        response = answer.result()
    assert response.status_code == 200, response.text
    assert response.text.count("\f") == 23


def test_a_revision_without_an_image_lets_go_and_the_old_one_answers(cluster: Cluster, ocr: httpx.Client) -> None:
    needs_two_components(cluster)
    before = cluster.component("predictor")["latestReadyRevision"]
    images = [part["containers"][0]["image"] for part in cluster.said().values()]
    cluster.roll(images=f"dev.local/no-such-image:1 {images[1]}")

    def let_go() -> bool:
        assert read(ocr) == LINE
        waiting = [pod for pod in cluster.running("predictor") if pod.metadata.labels[REVISION] != before]
        return cluster.component("predictor").get("latestCreatedRevision") != before and not waiting

    time.sleep(10)  # until the new revision has had its pod
    wait_until(let_go, seconds=150, otherwise=cluster.diagnosis)
    cluster.restore()
    wait_until(cluster.is_settled, seconds=READY_SECONDS, otherwise=cluster.diagnosis)


def test_canary_splits_the_requests(cluster: Cluster, ocr: httpx.Client) -> None:
    before = cluster.component("transformer")["latestRolledoutRevision"]
    cluster.roll(images=os.environ.get("OCR_NEXT_IMAGES"), canaryTrafficPercent=40)

    def split() -> bool:
        traffic = cluster.component("transformer").get("traffic", [])
        return {(target.get("revisionName") == before, target.get("percent")) for target in traffic} == {
            (True, 60),
            (False, 40),
        }

    wait_until(split, seconds=READY_SECONDS, otherwise=cluster.diagnosis)
    cluster.wait_ready()
    assert {read(ocr) for _ in range(20)} == {LINE}
    revisions = Counter(
        pod.metadata.labels["serving.knative.dev/revision"]
        for pod in cluster.pods()
        if pod.metadata.labels["component"] == "transformer"
    )
    assert len(revisions) == 2, revisions
    # The next test starts from one revision.
    cluster.restore()
    wait_until(cluster.is_settled, seconds=READY_SECONDS, otherwise=cluster.diagnosis)


def test_rolls_under_load_without_a_lost_request(cluster: Cluster, ocr: httpx.Client) -> None:
    with load(ocr):
        until_replaced(cluster, lambda: cluster.roll(images=os.environ.get("OCR_NEXT_IMAGES")))


def test_goes_back_to_the_previous_release_and_forward_under_load(cluster: Cluster, ocr: httpx.Client) -> None:
    previous = os.environ.get("OCR_PREVIOUS_IMAGES")
    if not previous:
        pytest.skip("OCR_PREVIOUS_IMAGES names no images of the previous release")
    with load(ocr):
        until_replaced(cluster, lambda: cluster.roll(images=previous))
    with load(ocr):
        until_replaced(cluster, cluster.restore)


@contextmanager
def load(ocr: httpx.Client) -> Iterator[None]:
    """Three clients that send request after request during the block; every one must be answered with a result."""
    answers: Counter[str] = Counter()
    stop = threading.Event()

    def call() -> None:
        while not stop.is_set():
            try:
                answers[str(ocr.post(INFER, json=LAYOUT_BODY).status_code)] += 1
            except httpx.HTTPError as error:
                answers[repr(error)] += 1

    clients = [threading.Thread(target=call) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert set(answers) == {"200"}, answers
    print(f"\n{answers['200']} requests, none lost")


def until_replaced(cluster: Cluster, change: Callable[[], None]) -> None:
    """Make new revisions by ``change`` and wait until they have all requests and the pods before them are gone."""
    before = {name: cluster.component(name)["latestReadyRevision"] for name in ("predictor", "transformer")}
    change()

    def ready() -> bool:
        new = all(cluster.component(name).get("latestReadyRevision") != before[name] for name in before)
        return new and cluster.is_settled()

    def alone() -> bool:  # a request could get lost when the old pods go
        return not [pod for pod in cluster.pods() if pod.metadata.labels[REVISION] in before.values()]

    for state in (ready, alone):
        wait_until(state, seconds=READY_SECONDS, otherwise=cluster.diagnosis)


def test_undeploy_leaves_nothing(cluster: Cluster) -> None:
    cluster.remove()
    assert cluster.is_gone()
    with pytest.raises(Exception, match="404"):
        cluster.service()
