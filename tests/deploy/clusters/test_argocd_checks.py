"""The end-to-end checks of Argo CD on an imitation of it: they pass where it does its work, and fail where not."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.deploy.clusters.api_server import ApiServer
from tests.deploy.clusters.argo_cd import APPLICATION, BAD, GOOD, QUOTA, Clock, sync
from tests.e2e import test_argocd as checks
from tests.e2e.applications import Application
from tests.support.drawn_pages import LINE


def client(status: Callable[[], int]) -> httpx.Client:
    """A client of a service that answers with ``status`` and the line."""
    body = {"outputs": [{"data": [LINE]}]}
    transport = httpx.MockTransport(lambda request: httpx.Response(status(), json=body))
    return httpx.Client(transport=transport, base_url="http://ocr.example.com")


def test_the_checks_pass_where_argo_cd_does_its_work(api: ApiServer, application: Application, clock: Clock) -> None:
    def work() -> None:
        sync(api)
        api.answers[QUOTA]["spec"]["hard"]["pods"] = "16"
        api.answers[APPLICATION]["metadata"]["annotations"] = {}

    clock.work = work
    ocr = client(lambda: 200)
    checks.test_is_synced_and_healthy_with_pods_and_without(application, ocr)
    checks.test_a_change_by_hand_is_undone(application)
    checks.test_an_image_that_does_not_exist_keeps_the_old_one_answering_until_the_rollback(application, ocr)


def test_the_check_of_a_bad_image_fails_when_the_old_one_stops_answering(
    api: ApiServer, application: Application, clock: Clock
) -> None:
    clock.work = lambda: sync(api)
    ocr = client(lambda: 503 if application.image() == BAD else 200)
    with pytest.raises(AssertionError):
        checks.test_an_image_that_does_not_exist_keeps_the_old_one_answering_until_the_rollback(application, ocr)
    assert application.image() == GOOD
    assert application.is_settled()


def test_the_check_of_a_bad_image_fails_when_it_is_called_healthy(
    api: ApiServer, application: Application, clock: Clock
) -> None:
    def work() -> None:
        sync(api)
        api.answers[APPLICATION]["status"]["health"] = {"status": "Healthy"}

    clock.work = work
    with pytest.raises(AssertionError, match="not within 150 s"):
        checks.test_an_image_that_does_not_exist_keeps_the_old_one_answering_until_the_rollback(
            application, client(lambda: 200)
        )
