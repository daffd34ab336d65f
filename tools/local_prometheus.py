"""A Prometheus on this machine: its configuration for servers that run here, with the labels that a cluster sets."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitoring import rules

_UNPACKED = Path(__file__).resolve().parent.parent / "build" / "prometheus"
"""Where ``scripts/setup`` puts the programs on a machine that has none: installing the package starts a server."""
_MONITORING = Path(__file__).resolve().parent.parent / "monitoring"
_MONITORS = {
    "queue-proxy": _MONITORING / "pod-monitor.yaml",
    "autoscaler": _MONITORING / "knative" / "pod-monitor.yaml",
    "activator": _MONITORING / "knative" / "pod-monitor.yaml",
}
"""Where it is said what is dropped of the metrics of a container."""


def executable(name: str) -> str | None:
    """The path of ``prometheus`` or ``promtool``; None if it is neither installed nor unpacked."""
    return shutil.which(name) or shutil.which(name, path=str(_UNPACKED))


@dataclass(frozen=True, slots=True)
class Target:
    """One address to scrape, and the pod that it stands for."""

    address: str
    component: str
    container: str = "kserve-container"
    revision: str = "local"
    path: str = "/metrics"

    def static_config(self) -> dict[str, Any]:
        """The entry of ``static_configs``."""
        return {
            "targets": [self.address],
            "labels": {
                "__metrics_path__": self.path,
                "namespace": "ocr",
                "pod": f"{self.revision}-pod",
                "container": self.container,
                "component": self.component,
                "serving_knative_dev_revision": self.revision,
                "serving_knative_dev_service": f"ocr-{self.component}",
            },
        }


def write(directory: Path, targets: Sequence[Target], *, seconds: int) -> Path:
    """Write configuration and rules, scraped and evaluated every ``seconds`` seconds; the path for Prometheus."""
    every = f"{seconds}s"
    groups = [{**group, "interval": every} for group in rules.groups()]
    (directory / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    found = {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [
            {
                "job_name": container,
                "static_configs": [target.static_config() for target in targets if target.container == container],
                "metric_relabel_configs": _relabelings(container),
            }
            for container in dict.fromkeys(target.container for target in targets)
        ],
    }
    path = directory / "prometheus.yml"
    path.write_text(yaml.safe_dump(found))
    return path


def _relabelings(container: str) -> list[dict[str, Any]]:
    """What the PodMonitor says of a container's series, in Prometheus' own spelling."""
    if container not in _MONITORS:
        return []
    spec = yaml.safe_load(_MONITORS[container].read_text(encoding="utf-8"))["spec"]
    found = []
    for endpoint in spec["podMetricsEndpoints"]:
        for relabeling in endpoint.get("metricRelabelings", ()):
            sources = {"source_labels": relabeling["sourceLabels"]} if "sourceLabels" in relabeling else {}
            found.append({"regex": relabeling["regex"], "action": relabeling["action"], **sources})
    return found
