"""``make dashboards-import GRAFANA_URL=…``: put the dashboards into a Grafana that has no sidecar, in the folder OCR.

Credentials come from GRAFANA_TOKEN, or from GRAFANA_USER and GRAFANA_PASSWORD; without any, Grafana must let anonymous
users edit.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from monitoring.dashboards import GENERATED

_FOLDER = {"uid": "ocr", "title": "OCR"}
_THERE_ALREADY = frozenset({409, 412})


class ImportFailedError(Exception):
    """What Grafana did not like, and what to do about it."""


def authorization(environment: Mapping[str, str]) -> dict[str, str]:
    """The header that the credentials in the environment make."""
    if token := environment.get("GRAFANA_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    if user := environment.get("GRAFANA_USER"):
        pair = f"{user}:{environment.get('GRAFANA_PASSWORD', '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def post(url: str, body: dict[str, Any], *, headers: Mapping[str, str]) -> tuple[int, str]:
    """Status and body of Grafana's answer. Raises ImportFailedError if there is none."""
    if not url.startswith(("http://", "https://")):
        raise ImportFailedError(f"{url} is no web address; set GRAFANA_URL=http://localhost:3000, for example")
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except OSError as error:
        raise ImportFailedError(f"Grafana cannot be reached at {url}: {error}") from None


def bring(grafana: str, *, headers: Mapping[str, str]) -> list[str]:
    """Import every dashboard, over an older one of the same uid; their addresses. Raises ImportFailedError."""
    grafana = grafana.rstrip("/")
    status, said = post(f"{grafana}/api/folders", _FOLDER, headers=headers)
    if status in {401, 403}:
        raise ImportFailedError(f"Grafana refuses ({status}); set GRAFANA_TOKEN to a token that may edit dashboards")
    if status != 200 and status not in _THERE_ALREADY:
        raise ImportFailedError(f"Grafana answered {status} when asked for a folder: {said[:300]}")
    found = []
    for path in sorted(GENERATED.glob("*.json")):
        body = {
            "dashboard": json.loads(path.read_text(encoding="utf-8")),
            "folderUid": _FOLDER["uid"],
            "message": "imported by make dashboards-import",
            "overwrite": True,
        }
        status, said = post(f"{grafana}/api/dashboards/db", body, headers=headers)
        if status != 200:
            raise ImportFailedError(f"Grafana answered {status} to {path.name}: {said[:300]}")
        found.append(f"{grafana}/d/{path.stem}")
    return found


def main() -> int:
    """The exit status."""
    grafana = os.environ.get("GRAFANA_URL", "")
    try:
        for address in bring(grafana, headers=authorization(os.environ)):
            print(address)
    except ImportFailedError as reason:
        print(f"make dashboards-import: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
