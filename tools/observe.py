"""``make observe``: both servers, a Prometheus that watches them with the shipped rules, a little load, and Grafana if
it is installed. Figures are printed as soon as there are some.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from monitoring.dashboards import GENERATED
from tools.foreground import StopSignals, check_free, port, run_in_foreground
from tools.local_prometheus import Target, executable, write
from tools.local_stack import ROOT, LaunchError, start_process, stop_processes
from tools.run import PORTS, sample_image, start_servers, wait_and_report

_HOME = ROOT / "build" / "observe"
_MORE_PORTS = {"PROMETHEUS_PORT": 9090, "GRAFANA_PORT": 3000}
_SCRAPE_SECONDS = 2
_SHOW_SECONDS = 10
_FIGURES = {
    "requests/s": 'sum(rate(ocr_requests_total{component="transformer"}[1m]))',
    "pages/s": 'sum(rate(ocr_pages_total{component="transformer"}[1m]))',
    "refused/s": 'sum(rate(ocr_requests_total{component="transformer", code=~"unsupported_.+|damaged_.+"}[1m]))',
    "p95 s": 'max(component:ocr_request_duration_seconds:p95_5m{component="transformer", pages="1"})',
    "confidence": 'max(component:ocr_page_confidence:mean1h{component="transformer"})',
    "CPU s/page": "sum(component:ocr_cpu_seconds_per_page:rate30m)",
    "workers busy": 'sum(ocr_workers{pool="recognize", state="busy"})',
}


def start_prometheus(directory: Path, *, transformer: int, predictor: int, listen: int) -> subprocess.Popen[bytes]:
    """A Prometheus with its data in ``directory``. Raises LaunchError if there is none."""
    program = executable("prometheus")
    if program is None:
        raise LaunchError("Prometheus is not installed; `make setup` unpacks it into build/prometheus")
    targets = [
        Target(f"localhost:{transformer}", "transformer", revision="ocr-transformer-local"),
        Target(f"localhost:{predictor}", "predictor", revision="ocr-predictor-local"),
    ]
    command = [
        program,
        f"--config.file={write(directory, targets, seconds=_SCRAPE_SECONDS)}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=localhost:{listen}",
    ]
    return start_process(command, log=directory / "prometheus.log")


def start_grafana(directory: Path, *, prometheus: int, listen: int) -> subprocess.Popen[bytes] | None:
    """A Grafana that needs no login, with our dashboards and the local Prometheus; None if it is not installed."""
    home = Path(os.environ.get("GRAFANA_HOME", "/usr/share/grafana"))
    if shutil.which("grafana") is None or not home.is_dir():
        return None
    provision(directory, prometheus=prometheus)
    settings = {
        "GF_PATHS_PROVISIONING": str(directory / "provisioning"),
        "GF_PATHS_DATA": str(directory / "grafana"),
        "GF_PATHS_LOGS": str(directory / "grafana"),
        "GF_SERVER_HTTP_ADDR": "localhost",
        "GF_SERVER_HTTP_PORT": str(listen),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Admin",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    }
    command = ["grafana", "server", f"--homepath={home}"]
    return start_process(command, log=directory / "grafana.log", environment={**os.environ, **settings})


def provision(directory: Path, *, prometheus: int) -> None:
    """Write Grafana's provisioning of the data source and of the folder that the generated dashboards are in."""
    source = {"name": "Prometheus", "type": "prometheus", "access": "proxy", "url": f"http://localhost:{prometheus}"}
    provider = {"name": "ocr", "folder": "OCR", "type": "file", "options": {"path": str(GENERATED)}}
    for kind, found in (
        ("datasources", {"datasources": [{**source, "isDefault": True}]}),
        ("dashboards", {"providers": [provider]}),
    ):
        folder = directory / "provisioning" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ocr.yaml").write_text(yaml.safe_dump({"apiVersion": 1, **found}))


def send(gateway: str, image: bytes, *, until: threading.Event) -> None:
    """A little load: the sample twice a second, as text and as words, and now and then something that is no image."""
    for number in itertools.count():
        if until.wait(0.5):
            return
        body = b"neither an image nor a PDF" if number % 10 == 9 else image
        query = "?outputs=text,words" if number % 2 else ""
        headers = {"Content-Type": "application/octet-stream"}
        try:
            urllib.request.urlopen(urllib.request.Request(gateway + query, body, headers), timeout=60).close()
        except OSError:
            continue  # refusals are part of the load, and a server that is gone ends the program elsewhere


def ask(prometheus: str, query: str) -> float | None:
    """The value of an instant query, None while there is none."""
    address = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
    except OSError:
        return None
    return float(found[0]["value"][1]) if found else None


def show(prometheus: str) -> bool:
    """Print a line of figures; whether all of them were there."""
    found = {name: ask(prometheus, query) for name, query in _FIGURES.items()}
    print("  ".join(f"{name} {'-' if value is None else f'{value:.3g}'}" for name, value in found.items()), flush=True)
    return None not in found.values()


def observe(signals: StopSignals) -> None:
    """Start, send load, print figures. Raises LaunchError, or StopRequested when asked to stop."""
    ports = {variable: port(variable, default) for variable, default in (PORTS | _MORE_PORTS).items()}
    image = sample_image().read_bytes()
    for variable, number in ports.items():
        check_free(number, variable, "observe")
    shutil.rmtree(_HOME, ignore_errors=True)
    _HOME.mkdir(parents=True)
    enough = threading.Event()
    running: list[subprocess.Popen[bytes]] = []
    try:
        servers = []
        for server in start_servers(ports, logs=_HOME):
            servers.append(server)
            running.insert(0, server.process)
        transformer, predictor, listen = ports["TRANSFORMER_PORT"], ports["PREDICTOR_PORT"], ports["PROMETHEUS_PORT"]
        running.append(start_prometheus(_HOME, transformer=transformer, predictor=predictor, listen=listen))
        grafana = start_grafana(_HOME, prometheus=listen, listen=ports["GRAFANA_PORT"])
        running.extend([grafana] if grafana else [])
        for server in servers:
            wait_and_report(server, signals)
        gateway = f"http://localhost:{transformer}/gateway/ocr"
        threading.Thread(target=send, args=(gateway, image), kwargs={"until": enough}, daemon=True).start()
        print(how_to_look(ports, grafana=grafana is not None), flush=True)
        _watch(f"http://localhost:{listen}", running, signals)
    finally:
        enough.set()
        stop_processes(running)


def _watch(prometheus: str, running: list[subprocess.Popen[bytes]], signals: StopSignals) -> None:
    """Print figures until asked to stop, or with ONESHOT until all are there."""
    oneshot = os.environ.get("ONESHOT") not in {None, "", "0"}
    while True:
        signals.pause(_SHOW_SECONDS)
        if any(process.poll() is not None for process in running):
            raise LaunchError("a process ended by itself; the logs are in build/observe")
        if show(prometheus) and oneshot:
            return


def how_to_look(ports: dict[str, int], *, grafana: bool) -> str:
    """The lines that say where to look."""
    prometheus = f"http://localhost:{ports['PROMETHEUS_PORT']}"
    board = f"http://localhost:{ports['GRAFANA_PORT']}/d/ocr-overview"
    elsewhere = "not installed; `make dashboards-import GRAFANA_URL=…` brings the dashboards to another one"
    return f"""
Metrics     http://localhost:{ports["TRANSFORMER_PORT"]}/metrics and http://localhost:{ports["PREDICTOR_PORT"]}/metrics
Prometheus  {prometheus}/graph?g0.expr=component%3Aocr_pages%3Arate5m&g0.tab=0
Alerts      {prometheus}/alerts
Grafana     {board if grafana else elsewhere}
A page is sent twice a second. Ctrl-C stops everything.
"""


if __name__ == "__main__":
    sys.exit(run_in_foreground(observe, "observe"))
