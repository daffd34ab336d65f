"""Dashboards arrive in a Grafana, and what is in the way is said in a message."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from monitoring.dashboards import GENERATED
from tools import import_dashboards


class Grafana(HTTPServer):
    """Answers as Grafana's HTTP API does and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.received: list[tuple[str, dict[str, Any], str | None]] = []
        self.answers: dict[str, int] = {}


class _Api(BaseHTTPRequestHandler):
    server: Grafana

    def do_POST(self) -> None:  # the base class's spelling
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.received.append((self.path, body, self.headers["authorization"]))
        self.send_response(self.server.answers.get(self.path, 200))
        self.end_headers()
        self.wfile.write(b'{"message": "said by Grafana"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[Grafana]:
    """A Grafana that the environment names."""
    with Grafana() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("GRAFANA_URL", server.url + "/")
        for name in ("GRAFANA_TOKEN", "GRAFANA_USER", "GRAFANA_PASSWORD"):
            monkeypatch.delenv(name, raising=False)
        try:
            yield server
        finally:
            server.shutdown()


def test_every_dashboard_is_sent_over_an_older_one(grafana: Grafana, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_dashboards.main() == 0
    (folder, _, _), *boards = grafana.received
    assert folder == "/api/folders"
    assert [body["dashboard"] for _, body, _ in boards] == [
        json.loads(path.read_text()) for path in sorted(GENERATED.glob("*.json"))
    ]
    assert all(path == "/api/dashboards/db" and body["overwrite"] for path, body, _ in boards)
    assert f"{grafana.url}/d/ocr-overview\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({}, None),
        ({"GRAFANA_TOKEN": "t"}, "Bearer t"),
        ({"GRAFANA_USER": "admin", "GRAFANA_PASSWORD": "pass"}, "Basic YWRtaW46cGFzcw=="),
    ],
)
def test_credentials(
    grafana: Grafana, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], header: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert import_dashboards.main() == 0
    assert {given for _, _, given in grafana.received} == {header}


def test_a_folder_that_is_there_is_taken(grafana: Grafana) -> None:
    grafana.answers["/api/folders"] = 412
    assert import_dashboards.main() == 0


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/api/folders", 401, "set GRAFANA_TOKEN"),
        ("/api/folders", 500, "said by Grafana"),
        ("/api/dashboards/db", 400, "ocr-overview.json"),
    ],
)
def test_refusals_are_explained(
    grafana: Grafana, capsys: pytest.CaptureFixture[str], path: str, status: int, message: str
) -> None:
    grafana.answers[path] = status
    assert import_dashboards.main() == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("url", ["", "grafana.example", "http://127.0.0.1:1"])
def test_wrong_addresses_are_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("GRAFANA_URL", url)
    assert import_dashboards.main() == 1
    assert capsys.readouterr().err.startswith("make dashboards-import: ")
