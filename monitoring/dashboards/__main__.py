"""Write the dashboards' JSON."""

from __future__ import annotations

from monitoring.dashboards import rendered

for path, text in rendered().items():
    path.write_text(text, encoding="utf-8")
