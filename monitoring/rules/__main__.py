"""Write the PrometheusRule."""

from __future__ import annotations

from monitoring.rules import PROMETHEUS_RULE, rendered

PROMETHEUS_RULE.write_text(rendered(), encoding="utf-8")
