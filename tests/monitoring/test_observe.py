"""The parts of ``make observe``: the figures that it prints are there, and Grafana finds what it is given."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import yaml

from tests.monitoring.prometheus import Prometheus
from tests.support.drawn_pages import draw_line, encode
from tools import local_prometheus, observe
from tools.local_stack import LaunchError, Service

PORTS = {"TRANSFORMER_PORT": 8001, "PREDICTOR_PORT": 8080, "PROMETHEUS_PORT": 9090, "GRAFANA_PORT": 3000}


@pytest.mark.long
def test_figures_are_shown(watched: tuple[Service, Prometheus], capsys: pytest.CaptureFixture[str]) -> None:
    _, prometheus = watched
    for query in observe._FIGURES.values():
        assert prometheus.wait_for(query), query
    assert observe.show(prometheus.url)
    printed = capsys.readouterr().out
    assert all(name in printed for name in observe._FIGURES)


def test_missing_figures_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert not observe.show("http://127.0.0.1:1")
    assert "pages/s -" in capsys.readouterr().out


@pytest.mark.long
def test_load_is_sent_until_somebody_has_enough(watched: tuple[Service, Prometheus]) -> None:
    service, prometheus = watched
    before = prometheus.wait_for('sum(ocr_pages_total{component="transformer"})')[0]
    enough = threading.Event()
    gateway = f"{service.url}/gateway/ocr"
    sender = threading.Thread(target=observe.send, args=(gateway, encode(draw_line())), kwargs={"until": enough})
    sender.start()
    try:
        assert prometheus.wait_for(f'sum(ocr_pages_total{{component="transformer"}}) > {before}')
    finally:
        enough.set()
        sender.join(30)
    assert not sender.is_alive()


def test_grafana_is_given_the_data_source_and_the_dashboards(tmp_path: Path) -> None:
    observe.provision(tmp_path, prometheus=9090)
    (source,) = yaml.safe_load((tmp_path / "provisioning/datasources/ocr.yaml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://localhost:9090")
    (provider,) = yaml.safe_load((tmp_path / "provisioning/dashboards/ocr.yaml").read_text())["providers"]
    assert (Path(provider["options"]["path"]) / "ocr-overview.json").is_file()


def test_without_prometheus_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(local_prometheus, "_UNPACKED", tmp_path)
    with pytest.raises(LaunchError, match="make setup"):
        observe.start_prometheus(tmp_path, transformer=1, predictor=2, listen=3)
    assert observe.start_grafana(tmp_path, prometheus=3, listen=4) is None


@pytest.mark.parametrize(("grafana", "said"), [(True, "localhost:3000/d/ocr-overview"), (False, "dashboards-import")])
def test_where_to_look(grafana: bool, said: str) -> None:
    assert said in observe.how_to_look(PORTS, grafana=grafana)
