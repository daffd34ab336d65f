"""Dashboards as code: ``python -m monitoring.dashboards`` writes them to ``generated/``."""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.dashboards import overview, revisions, scaling

GENERATED = Path(__file__).with_name("generated")


def rendered() -> dict[Path, str]:
    """The JSON text of every dashboard by the file that it belongs in."""
    boards = (overview.dashboard(), scaling.dashboard(), revisions.dashboard())
    return {
        GENERATED / f"{board.uid}.json": json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        for board in boards
    }
