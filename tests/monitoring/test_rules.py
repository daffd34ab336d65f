"""Rules are valid, tested in both directions, and lead to a runbook."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kserve_ocr.observability import metrics
from monitoring import rules
from monitoring.dashboards import queries
from tools.local_prometheus import executable
from tools.local_stack import ROOT, Service

ALERTS = {rule["alert"]: rule for group in rules.groups() for rule in group["rules"] if "alert" in rule}
CASES = sorted((ROOT / "monitoring" / "rules" / "tests").glob("*.yaml"))


def promtool(*arguments: str | Path, text: str | None = None) -> None:
    """Run promtool; fails with what it said if it is not content."""
    program = executable("promtool") or "promtool"
    done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_are_valid() -> None:
    promtool("check", "rules", *rules.FILES)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_unit_tests_of_rules_pass(case: Path) -> None:
    promtool("test", "rules", case)


def _expectations() -> list[tuple[str, bool]]:
    """Every alert that a unit test looks at, and whether it is to fire."""
    return [
        (expected["alertname"], bool(expected["exp_alerts"]))
        for case in CASES
        for test in yaml.safe_load(case.read_text())["tests"]
        for expected in test["alert_rule_test"]
    ]


@pytest.mark.parametrize("fires", [True, False])
def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent(fires: bool) -> None:
    assert {name for name, expected in _expectations() if expected is fires} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_alert_says_what_a_person_needs(name: str) -> None:
    rule: dict[str, Any] = ALERTS[name]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    annotations = rule["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert len(annotations["summary"]) < len(annotations["description"])
    url, _, anchor = annotations["runbook_url"].partition("#")
    assert url == "https://git.example.com/kserve-ocr/blob/main/docs/runbooks.md"
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}
    assert "namespace" in annotations["summary"]


def test_no_alert_takes_a_sleeping_pod_for_a_broken_one() -> None:
    for name, rule in ALERTS.items():
        assert not re.search(r"\bup\b", rule["expr"]), name


def test_faults_are_the_errors_of_status_500_and_more() -> None:
    sources = [queries.SERVER_ERRORS, *(path.read_text() for path in rules.FILES)]
    said = {match for source in sources for match in re.findall(r'code=~"([^"]+)"', source)}
    assert {frozenset(one.split("|")) for one in said} == {frozenset(metrics.SERVER_ERRORS)}


def test_prometheus_rule_is_up_to_date() -> None:
    assert rules.PROMETHEUS_RULE.read_text() == rules.rendered(), "run python -m monitoring.rules"


@pytest.mark.parametrize("server", ["transformer", "predictor"])
def test_metrics_are_well_formed(service: Service, server: str) -> None:
    promtool("check", "metrics", text=httpx.get(f"{getattr(service, server).url}/metrics").text)
