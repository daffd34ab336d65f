"""Dashboards are up to date, complete, and explain themselves."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kserve_ocr.observability.pool_metrics import POOLS
from monitoring.dashboards import GENERATED, rendered
from tests.monitoring.queries import panels
from tools.local_stack import ROOT

BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(GENERATED.glob("*.json"))}
PANELS: dict[str, Any] = {f"{uid}: {panel['title']}": panel for uid, panel in panels()}


def test_regeneration_is_clean() -> None:
    assert {path: path.read_text() for path in GENERATED.glob("*.json")} == rendered(), (
        "run python -m monitoring.dashboards"
    )


def test_titles_and_uids_are_fixed() -> None:
    assert {board["uid"]: board["title"] for board in BOARDS.values()} == {
        "ocr-overview": "OCR overview",
        "ocr-scaling": "OCR scaling",
        "ocr-revisions": "OCR compare revisions",
    }


@pytest.mark.parametrize("name", ["runbooks", "troubleshooting"])
def test_documents_name_panels_that_there_are(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text()
    titles = {board["title"]: {panel["title"] for panel in board["panels"]} for board in BOARDS.values()}
    named = re.findall(r"\*(OCR [\w ]+) → ([^*]+)\*", text)
    assert named
    assert not [(board, panel) for board, panel in named if panel not in titles[board]]


@pytest.mark.parametrize(
    ("document", "pattern"),
    [
        ("monitoring/README.md", r"`(\w+)` is the predictor's pool of workers, `(\w+)` the transformer's"),
        ("docs/runbooks.md", r"which pool \(`(\w+)` reads, `(\w+)` opens documents\)"),
    ],
    ids=["readme", "runbooks"],
)
def test_documents_name_the_pools(document: str, pattern: str) -> None:
    assert re.findall(pattern, (ROOT / document).read_text()) == [POOLS]


@pytest.mark.parametrize("uid", BOARDS)
def test_board_has_variables_and_marks_rollouts(uid: str) -> None:
    board = BOARDS[uid]
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["namespace"]["query"].startswith("label_values(")
    assert [annotation["name"] for annotation in board["annotations"]["list"]] == ["Rollouts"]
    assert board["uid"] == uid
    assert "id" not in board  # one Grafana's own number; another would refuse the import


@pytest.mark.parametrize("uid", BOARDS)
def test_panels_have_ids_of_their_own_and_do_not_overlap(uid: str) -> None:
    found = BOARDS[uid]["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    taken: set[tuple[int, int]] = set()
    for panel in found:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", PANELS)
def test_panel_can_be_read_without_asking(name: str) -> None:
    panel = PANELS[name]
    assert len(panel["description"]) > 30
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["targets"]


@pytest.mark.parametrize("name", PANELS)
def test_queries_keep_to_the_variables(name: str) -> None:
    for target in PANELS[name]["targets"]:
        query = target["expr"]
        assert "$namespace" in query, query
        assert "revision_app_" not in query
        assert not re.search(r"rate\([^)]*\[\d", query), "a fixed interval loses data at other resolutions"
