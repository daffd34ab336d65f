"""What only a cluster shows: sleeping and waking, a canary, a roll under load, and leaving nothing behind.

In this order, each test from where the one before it left the service.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.e2e.clusters import READY_SECONDS, Cluster, wait_until
from tests.support.drawn_pages import LINE, draw_line, encode, v2_body

INFER = "/v2/models/ocr-model/infer"
BODY = v2_body(encode(draw_line()))


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
    started = time.monotonic()
    assert read(ocr) == LINE
    warm = time.monotonic() - started
    record_testsuite_property("cold_start_seconds", f"{cold:.2f}")
    print(f"\nfrom request to answer: {cold:.2f} s at zero, {warm:.2f} s warm")


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
    before = {name: cluster.component(name)["latestReadyRevision"] for name in ("predictor", "transformer")}
    answers: Counter[str] = Counter()
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            try:
                response = ocr.post(INFER, json=BODY)
                answers[str(response.status_code)] += 1
            except httpx.HTTPError as error:
                answers[repr(error)] += 1

    clients = [threading.Thread(target=load) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        cluster.roll(images=os.environ.get("OCR_NEXT_IMAGES"))
        wait_until(
            lambda: (
                all(cluster.component(name).get("latestReadyRevision") != before[name] for name in before)
                and cluster.is_settled()
            ),
            seconds=READY_SECONDS,
            otherwise=cluster.diagnosis,
        )
        # Until the old pods are gone: that is when a request could get lost.
        wait_until(
            lambda: (
                not [
                    pod
                    for pod in cluster.pods()
                    if pod.metadata.labels["serving.knative.dev/revision"] in before.values()
                ]
            ),
            seconds=READY_SECONDS,
            otherwise=cluster.diagnosis,
        )
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert set(answers) == {"200"}, answers
    print(f"\n{answers['200']} requests, none lost")


def test_undeploy_leaves_nothing(cluster: Cluster) -> None:
    cluster.remove()
    assert cluster.is_gone()
    with pytest.raises(Exception, match="404"):
        cluster.service()
