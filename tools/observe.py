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
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from monitoring.dashboards import GENERATED
from tools.local_prometheus import Target, write
from tools.run import ROOT, GivingUp, check_free, main, port, start, stop, undisturbed, wait_ready

_HOME = ROOT / "build" / "observe"
_SCRAPE_SECONDS = 2
_SHOW_SECONDS = 10
_FIGURES = {
    "requests/s": 'sum(rate(ocr_requests_total{component="transformer"}[1m]))',
    "pages/s": 'sum(rate(ocr_pages_total{component="transformer"}[1m]))',
    "refused/s": 'sum(rate(ocr_requests_total{component="transformer", code=~"unsupported_.+|damaged_.+"}[1m]))',
    "p95 s": 'max(component:ocr_request_duration_seconds:p95_5m{component="transformer", pages="1"})',
    "confidence": 'max(component:ocr_page_confidence:mean1h{component="transformer"})',
    "CPU s/page": "sum(component:ocr_cpu_seconds_per_page:rate30m)",
    "workers busy": 'sum(ocr_workers{pool="tesseract", state="busy"})',
}


def start_prometheus(directory: Path, *, transformer: int, predictor: int, listen: int) -> subprocess.Popen[bytes]:
    """A Prometheus with its data in ``directory``. Raises GivingUp if there is none."""
    if shutil.which("prometheus") is None:
        raise GivingUp("Prometheus is not installed; `make setup` or `apt-get install prometheus` brings it")
    targets = [
        Target(f"localhost:{transformer}", "transformer", revision="ocr-transformer-local"),
        Target(f"localhost:{predictor}", "predictor", revision="ocr-predictor-local"),
    ]
    command = [
        "prometheus",
        f"--config.file={write(directory, targets, seconds=_SCRAPE_SECONDS)}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=localhost:{listen}",
    ]
    return _background(command, directory / "prometheus.log")


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
    return _background(command, directory / "grafana.log", environment=settings)


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


def _background(command: list[str], log: Path, *, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, env={**os.environ, **(environment or {})}
        )


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


def observe() -> None:
    """The main job. Raises GivingUp, or KeyboardInterrupt when asked to stop."""
    ports = {
        variable: port(variable, default)
        for variable, default in (
            ("TRANSFORMER_PORT", 8001),
            ("TRANSFORMER_GRPC_PORT", 8081),
            ("PREDICTOR_PORT", 8080),
            ("PREDICTOR_GRPC_PORT", 8082),
            ("PROMETHEUS_PORT", 9090),
            ("GRAFANA_PORT", 3000),
        )
    }
    for variable, number in ports.items():
        check_free(number, variable)
    shutil.rmtree(_HOME, ignore_errors=True)
    _HOME.mkdir(parents=True)
    image = Path(os.environ.get("IMAGE") or ROOT / "samples" / "letter.png").read_bytes()
    transformer, predictor = ports["TRANSFORMER_PORT"], ports["PREDICTOR_PORT"]
    enough = threading.Event()
    running: list[subprocess.Popen[bytes]] = []
    try:
        for package, grpc, more in (
            ("predictor", "PREDICTOR_GRPC_PORT", []),
            ("transformer", "TRANSFORMER_GRPC_PORT", [f"--predictor_host=localhost:{predictor}"]),
        ):
            listen = ports[f"{package.upper()}_PORT"]
            arguments = [f"--http_port={listen}", f"--grpc_port={ports[grpc]}", *more]
            with undisturbed():
                running.insert(0, start(package, *arguments, log=_HOME / f"{package}.log"))
        listen = ports["PROMETHEUS_PORT"]
        with undisturbed():
            running.append(start_prometheus(_HOME, transformer=transformer, predictor=predictor, listen=listen))
            grafana = start_grafana(_HOME, prometheus=listen, listen=ports["GRAFANA_PORT"])
            running.extend([grafana] if grafana else [])
        for process, package, listen in zip(
            running, ("transformer", "predictor"), (transformer, predictor), strict=False
        ):
            wait_ready(process, f"http://localhost:{listen}", _HOME / f"{package}.log")
        gateway = f"http://localhost:{transformer}/gateway/ocr"
        threading.Thread(target=send, args=(gateway, image), kwargs={"until": enough}, daemon=True).start()
        print(how_to_look(ports, grafana=grafana is not None), flush=True)
        _watch(f"http://localhost:{ports['PROMETHEUS_PORT']}", running)
    finally:
        enough.set()
        stop(running)


def _watch(prometheus: str, running: list[subprocess.Popen[bytes]]) -> None:
    """Print figures until somebody has enough, or with ONESHOT until all are there."""
    oneshot = os.environ.get("ONESHOT") not in {None, "", "0"}
    while True:
        time.sleep(_SHOW_SECONDS)
        if any(process.poll() is not None for process in running):
            raise GivingUp("something ended by itself; the logs are in build/observe")
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
    sys.exit(main(observe, "observe"))
