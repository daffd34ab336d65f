"""Requests as the router of KServe 0.21 and its batching and logging agents send them: docs/troubleshooting.md."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.support.drawn_pages import LINE, b64
from tests.support.http_calls import GOOD, INFER, PREDICT, TIMEOUT
from tools.local_stack import Service

Body = dict[str, Any]


def router(service: Service, path: str, body: Body) -> Body:
    """A step of a graph: the JSON and nothing of the client's headers."""
    response = httpx.post(
        service.url + path,
        content=json.dumps(body),
        headers={"Content-Type": "application/json", "User-Agent": "Go-http-client/1.1"},
        timeout=TIMEOUT,
    )
    assert response.status_code == 200, response.text
    found: Body = response.json()
    return found


def batched(service: Service, *bodies: Body) -> tuple[int, list[list[Any]]]:
    """One request of all instances, without a content type; the status and the predictions of each body."""
    merged = {"instances": [instance for body in bodies for instance in body["instances"]]}
    response = httpx.post(service.url + PREDICT, content=json.dumps(merged), timeout=TIMEOUT)
    predictions = iter(response.json().get("predictions", ()))
    return response.status_code, [[next(predictions, None) for _ in body["instances"]] for body in bodies]


def test_a_graph_step_by_v2(service: Service) -> None:
    tensor = {"name": "input-0", "shape": [1], "datatype": "BYTES", "data": [b64(GOOD)]}

    found = router(service, INFER, {"inputs": [tensor], "parameters": {"lang": "eng"}})

    assert found["outputs"][0]["data"][0].strip() == LINE


def test_a_sequence_whose_step_before_gives_documents(service: Service) -> None:
    """``mapPredictionsToInstances`` makes the predictions of one step the instances of the next."""
    before = {"predictions": [{"b64": b64(GOOD)}, b64(GOOD)]}

    found = router(service, PREDICT, {"instances": before["predictions"]})

    assert [text.strip() for text in found["predictions"]] == [LINE, LINE]


def test_a_batch_of_several_clients_requests(service: Service) -> None:
    status, found = batched(service, {"instances": [{"b64": b64(GOOD)}]}, {"instances": [b64(GOOD), b64(GOOD)]})

    assert status == 200
    assert [[text.strip() for text in texts] for texts in found] == [[LINE], [LINE, LINE]]


def test_one_bad_document_fails_the_batch_it_is_in(service: Service) -> None:
    status, _ = batched(service, {"instances": [b64(GOOD)]}, {"instances": [b64(b"Dear Sir or Madam")]})

    assert status == 415


def test_what_the_logger_passes_on_is_the_request_with_an_id(service: Service) -> None:
    response = httpx.post(
        service.url + PREDICT, json={"instances": [b64(GOOD)]}, headers={"Ce-Id": "order-66"}, timeout=TIMEOUT
    )

    assert response.json()["predictions"][0].strip() == LINE
