"""What kustomize makes of monitoring/."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from kserve_ocr.observability import event_loop, pool_metrics, startup_metrics
from kserve_ocr.observability import metrics as shared
from kserve_ocr.serving.access import control
from monitoring import rules
from monitoring.dashboards import GENERATED
from tests.deploy.support import rendering
from tests.monitoring.test_rules import promtool
from tools.local_stack import ROOT
from transformer import metrics as transformer

MONITORING = ROOT / "monitoring"
TARGET_LABELS = {"component", "serving.knative.dev/revision", "serving.knative.dev/service"}


def build(folder: Path) -> dict[tuple[str, str], Any]:
    """The objects of a kustomization by kind and name."""
    return {(found["kind"], found["metadata"]["name"]): found for found in rendering.build(folder)}


def overlay(folder: Path, *, components: tuple[str, ...]) -> Path:
    """A kustomization over the base and monitoring/ with some of its components."""
    relative = Path("../" * len(folder.resolve().parts[1:])) / str(ROOT)[1:]
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "resources": [f"{relative}/manifests", f"{relative}/monitoring"],
                "components": [f"{relative}/monitoring/components/{name}" for name in components],
            }
        )
    )
    return folder


def test_pod_monitor_scrapes_both_ports_of_both_components() -> None:
    spec = build(MONITORING)["PodMonitor", "ocr"]["spec"]
    assert spec["selector"]["matchLabels"] == {"serving.kserve.io/inferenceservice": "ocr"}
    assert [endpoint["port"] for endpoint in spec["podMetricsEndpoints"]] == ["user-port", "http-usermetric"]
    assert set(spec["podTargetLabels"]) >= TARGET_LABELS


def test_knative_is_scraped_once_for_the_cluster() -> None:
    monitor = build(MONITORING / "knative")["PodMonitor", "knative"]
    assert monitor["metadata"]["namespace"] == "knative-serving"
    assert [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]] == ["metrics"]


def test_runbook_urls_follow_the_pattern_of_the_component(tmp_path: Path) -> None:
    component = rendering.ROOT / "kustomize" / "components" / "monitoring"
    copied = tmp_path / "repository"
    for folder in ("manifests", "monitoring", "kustomize"):
        shutil.copytree(rendering.ROOT / folder, copied / folder)
    pattern = copied / component.relative_to(rendering.ROOT) / "runbooks.yaml"
    text = pattern.read_text()
    placeholder = yaml.safe_load(text)["metadata"]["annotations"]["kserve-ocr/runbooks"]
    pattern.write_text(text.replace(placeholder, "https://docs.example.org/ocr/runbooks/"))
    groups = build(copied / "kustomize" / "overlays" / "production")["PrometheusRule", "ocr"]["spec"]["groups"]
    urls = [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"] if "alert" in rule]
    assert len(urls) == len(set(urls))
    assert all(url.startswith("https://docs.example.org/ocr/runbooks/#ocr") for url in urls)


def test_prometheus_rule_carries_the_tested_rules() -> None:
    rule = build(MONITORING)["PrometheusRule", "ocr"]
    assert rule["spec"]["groups"] == rules.groups()


@pytest.mark.parametrize("path", sorted(GENERATED.glob("*.json")), ids=lambda path: path.stem)
def test_dashboard_is_in_a_config_map_that_the_sidecar_finds(path: Path) -> None:
    name = path.stem.replace("ocr-", "ocr-dashboard-")
    config_map = build(MONITORING)["ConfigMap", name]
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(config_map["data"][path.name]) == json.loads(path.read_text())


def test_monitoring_resources_wait_for_their_definitions() -> None:
    for found in build(MONITORING).values():
        options = found["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]
        assert options == "SkipDryRunOnMissingResource=true"


def test_annotations_reach_the_inference_service(tmp_path: Path) -> None:
    found = build(overlay(tmp_path, components=("annotations",)))["InferenceService", "ocr"]
    annotations = found["metadata"]["annotations"]
    port = found["spec"]["predictor"]["containers"][0]["ports"][0]["containerPort"]
    assert annotations["prometheus.io/scrape"] == "true"
    assert annotations["prometheus.io/port"] == str(port)
    assert annotations["prometheus.io/path"] == "/metrics"


def test_without_knative_the_port_is_named_by_number(tmp_path: Path) -> None:
    spec = build(overlay(tmp_path, components=("standard",)))["PodMonitor", "ocr"]["spec"]
    assert [endpoint.get("portNumber") for endpoint in spec["podMetricsEndpoints"]] == [8080]


def test_containers_of_one_pod_are_told_apart(tmp_path: Path) -> None:
    found = build(overlay(tmp_path, components=("collocated",)))
    endpoints = found["PodMonitor", "ocr"]["spec"]["podMetricsEndpoints"]
    said = [
        relabeling["replacement"]
        for endpoint in endpoints
        for relabeling in endpoint.get("relabelings", ())
        if relabeling["targetLabel"] == "component"
    ]
    assert said == ["transformer", "predictor"]
    ports = found["NetworkPolicy", "allow-prometheus"]["spec"]["ingress"][0]["ports"]
    assert {8080, 8085, 9091} == {port["port"] for port in ports}


def test_annotation_scraping_is_valid_and_sets_the_labels_of_the_pod_monitor(tmp_path: Path) -> None:
    config = yaml.safe_load((MONITORING / "components" / "annotations" / "scrape-config.yaml").read_text())
    for job in config["scrape_configs"]:
        # Debian's Prometheus is built without Kubernetes' service discovery and does not know the key.
        assert job.pop("kubernetes_sd_configs")
        targets = {relabeling.get("target_label") for relabeling in job["relabel_configs"]}
        assert targets >= {label.replace(".", "_").replace("/", "_") for label in TARGET_LABELS}
        assert targets >= {"namespace", "pod", "container"}
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    promtool("check", "config", path)


def test_readme_lists_every_metric_with_its_labels() -> None:
    table = (MONITORING / "README.md").read_text().split("## Metrics")[1]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `ocr_")]
    assert len(rows) == len({row[1] for row in rows})
    listed = {name.strip(" `"): set(re.findall(r"`(\w+)`", labels)) for _, name, labels, *_ in rows}
    suffixes = {"counter": "_total", "info": "_info"}
    defined = {
        found._name + suffixes.get(str(found._type), ""): set(found._labelnames)
        for module in (shared, event_loop, pool_metrics, startup_metrics, transformer, control)
        for found in vars(module).values()
        if isinstance(found, MetricWrapperBase)
    }
    defined["ocr_build_info"] = {"version", "service", "engine", "revision"}
    defined["ocr_acceleration_info"] = {"simd", "reason"}
    for name in ("ocr_process_tree_cpu_seconds_total", "ocr_process_tree_memory_bytes"):
        defined[name] = set()
    for old_name in ("ocr_cpu_seconds_total", "ocr_memory_bytes"):
        defined[old_name] = set()
    assert listed == defined
