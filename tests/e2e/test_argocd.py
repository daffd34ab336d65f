"""What only Argo CD shows: healthy at zero pods, a change by hand undone, a bad image rolled out and rolled back.

Skipped in a cluster without Argo CD, or without the Application. The service stays as the Application keeps it.
"""

from __future__ import annotations

import time

import httpx

from tests.e2e.applications import Application
from tests.e2e.clusters import wait_until
from tests.e2e.test_cluster import read
from tests.support.drawn_pages import LINE

NOTICE_SECONDS = 150.0


def test_is_synced_and_healthy_with_pods_and_without(application: Application, kept_ocr: httpx.Client) -> None:
    assert read(kept_ocr) == LINE
    application.wait_settled()
    application.cluster.wait_asleep()
    application.refresh()
    application.wait_settled()
    assert not application.cluster.pods()


def test_a_change_by_hand_is_undone(application: Application) -> None:
    started = time.monotonic()
    application.heal()
    print(f"\nhealed after {time.monotonic() - started:.0f} s")
    application.wait_settled()


def test_an_image_that_does_not_exist_keeps_the_old_one_answering_until_the_rollback(
    application: Application, kept_ocr: httpx.Client
) -> None:
    before = application.cluster.component("predictor")["latestCreatedRevision"]

    def in_vain() -> bool:
        assert read(kept_ocr) == LINE
        return application.rolls_out_in_vain(before)

    with application.promoted("dev.local/no-such-image:1"):
        wait_until(in_vain, seconds=NOTICE_SECONDS, otherwise=application.diagnosis)
        for _ in range(20):
            assert in_vain(), application.diagnosis()
            time.sleep(1)
        started = time.monotonic()
    print(f"\nrolled back after {time.monotonic() - started:.0f} s")
    assert application.is_settled()
    assert read(kept_ocr) == LINE
