"""Rules in Prometheus' own form; ``python -m monitoring.rules`` writes them as a PrometheusRule for the operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

FILES: Final = tuple(Path(__file__).with_name(name) for name in ("recording.yaml", "alerts.yaml"))
PROMETHEUS_RULE: Final = Path(__file__).parent.with_name("prometheus-rule.yaml")
_HEADER: Final = "# Generated from rules/ by python -m monitoring.rules.\n"


def groups() -> list[dict[str, Any]]:
    """All rule groups, recording rules first."""
    return [group for file in FILES for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]


def rendered() -> str:
    """The YAML text of the PrometheusRule."""
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "ocr"},
        "spec": {"groups": groups()},
    }
    return _HEADER + yaml.safe_dump(rule, sort_keys=False, width=1000, allow_unicode=True)
