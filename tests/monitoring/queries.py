"""Every query that dashboards and rules make, with its variables filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from monitoring import rules
from monitoring.dashboards import GENERATED

_VARIABLES = {"$namespace": "ocr", "$__rate_interval": "5m", "$__range": "1h"}
_SELECTOR = re.compile(r"\b(?:ocr_|kn_|component:|revision:)[\w:]+(?<!_name)\b(?:\{[^}]*\})?")


def panels() -> Iterator[tuple[str, dict[str, object]]]:
    """Every panel with its dashboard's uid, rows left out."""
    for path in sorted(GENERATED.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            if panel["type"] != "row":
                yield path.stem, panel


def panel_queries() -> dict[str, str]:
    """Queries of all panels and annotations by a name for the test."""
    found = {}
    for path in sorted(GENERATED.glob("*.json")):
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                found[f"{path.stem}: {panel['title']} {target['refId']}"] = target["expr"]
        for annotation in board["annotations"]["list"]:
            found[f"{path.stem}: annotation {annotation['name']}"] = annotation["expr"]
    return {
        f"{name} ({component})" if "$component" in query else name: _filled(query.replace("$component", component))
        for name, query in found.items()
        for component in ("transformer", "predictor")
    }


def _filled(query: str) -> str:
    for variable, value in _VARIABLES.items():
        query = query.replace(variable, value)
    return query


def recorded() -> dict[str, str]:
    """Expressions of the recording rules by record."""
    return {rule["record"]: rule["expr"] for group in rules.groups() for rule in group["rules"] if "record" in rule}


def alert_selectors() -> dict[str, str]:
    """What the alerts look at: an alert that does not fire returns nothing, but what it selects must be there."""
    return {
        f"{rule['alert']}: {selector}": selector
        for group in rules.groups()
        for rule in group["rules"]
        if "alert" in rule
        for selector in _SELECTOR.findall(rule["expr"])
    }
