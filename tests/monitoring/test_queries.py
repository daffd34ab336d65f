"""Every panel's and every rule's query returns data through a real Prometheus."""

from __future__ import annotations

import httpx
import pytest

from tests.monitoring.prometheus import Prometheus
from tests.monitoring.queries import alert_selectors, panel_queries, recorded
from tools.local_stack import Service

Watched = tuple[Service, Prometheus]

PANELS = panel_queries()
RECORDED = recorded()
SELECTORS = alert_selectors()


@pytest.mark.parametrize("name", PANELS)
def test_panel_returns_data(watched: Watched, name: str) -> None:
    _, prometheus = watched
    assert prometheus.wait_for(PANELS[name]), PANELS[name]


@pytest.mark.parametrize("record", RECORDED)
def test_recording_rule_returns_data_and_is_recorded(watched: Watched, record: str) -> None:
    _, prometheus = watched
    assert prometheus.wait_for(RECORDED[record]), RECORDED[record]
    assert prometheus.wait_for(record)


@pytest.mark.parametrize("name", SELECTORS)
def test_what_an_alert_looks_at_is_there(watched: Watched, name: str) -> None:
    _, prometheus = watched
    assert prometheus.wait_for(SELECTORS[name])


def test_rules_are_evaluated_without_error(watched: Watched) -> None:
    _, prometheus = watched
    assert prometheus.wait_for("component:ocr_requests:rate5m")
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule["lastError"] for rule in rules if rule.get("lastError")} == {}


def test_nothing_is_wrong_with_a_healthy_service_as_far_as_metrics_go(watched: Watched) -> None:
    _, prometheus = watched
    prometheus.wait_for("component:ocr_requests:rate5m")
    firing = {alert["labels"]["alertname"] for alert in prometheus.get("alerts")["alerts"]}
    assert not firing & {"OcrMetricsMissing", "OcrStuckAtZero", "OcrCanaryWorse"}


@pytest.mark.parametrize(
    ("label", "metric", "values"),
    [
        ("namespace", "ocr_build_info", ["ocr"]),
        ("k8s_namespace_name", "kn_revision_pods_desired", ["ocr"]),
    ],
)
def test_namespace_variables_find_the_namespace(watched: Watched, label: str, metric: str, values: list[str]) -> None:
    _, prometheus = watched
    assert prometheus.get(f"label/{label}/values", **{"match[]": metric}) == values


def test_killed_workers_slow_pages_and_bad_documents_are_told_apart(watched: Watched) -> None:
    _, prometheus = watched
    for query in (
        'sum(ocr_worker_restarts_total{component="predictor", reason="crash"}) >= 1',
        'sum(ocr_worker_restarts_total{component="predictor", reason="timeout"}) >= 1',
        'sum(ocr_requests_total{component="transformer", code="timed_out"}) == 1',
        'sum(ocr_requests_total{component="transformer", code="unsupported_document"}) == 1',
        'sum(ocr_requests_total{component="transformer", code="invalid_parameter"}) == 1',
        'sum(ocr_request_duration_seconds_count{component="transformer", pages="2-10"}) == 1',
        'sum(ocr_pages_total{component="transformer"}) >= 10',
        'ocr_startup_duration_seconds{component="transformer", phase="cold_answer"} > 0',
    ):
        assert prometheus.wait_for(query), query


def test_worker_processes_count_in_cpu_and_memory(watched: Watched) -> None:
    _, prometheus = watched
    tree = prometheus.wait_for('ocr_process_tree_cpu_seconds_total{component="predictor"}')
    alone = prometheus.wait_for('process_cpu_seconds_total{component="predictor"}')
    assert tree[0] > alone[0] + 0.5  # the slow page alone took more of a worker's CPU


def test_clients_cannot_make_series(watched: Watched) -> None:
    service, prometheus = watched
    count = 'count({__name__=~"ocr_.+", component="transformer"})'
    before = prometheus.wait_for(count)[0]
    with httpx.Client(base_url=service.url, timeout=30) as client:
        for number in range(20):
            client.get(f"/made/up/{number}", headers={"traceparent": f"nonsense {number}"})
            client.post(
                f"/v2/models/model-{number}/infer", json={"inputs": []}, headers={"x-request-id": f"id-{number}"}
            )
            client.post(
                "/gateway/ocr", params={"lang": f"l{number}"}, content=b"x", headers={"content-type": f"a/{number}"}
            )
    assert prometheus.wait_for('sum(ocr_requests_total{component="transformer", code="model_not_found"}) >= 20')
    assert prometheus.values(count)[0] <= before + 30  # codes that had not occurred yet
    assert before < 600
