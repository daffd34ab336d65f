"""``python -m benchmarks.pdf``: searchable PDFs by the service and by OCRmyPDF, which ``make rivals`` installs.

Variables: ``DOCS``, a folder of PDFs in place of drawn ones, and ``ROUNDS``, how often each is made by each (3).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.common import machine, servers
from benchmarks.pdf.comparison import RIVAL, compare, report
from benchmarks.pdf.documents import drawn, folder


def main() -> None:
    """Measure and print the report. Raises ValueError without OCRmyPDF, or without documents."""
    if not RIVAL.exists():
        raise ValueError("OCRmyPDF is not installed; run make rivals")
    docs, rounds = os.environ.get("DOCS", ""), int(os.environ.get("ROUNDS", "3"))
    samples = folder(Path(docs)) if docs else drawn()
    with tempfile.TemporaryDirectory(prefix="logs-") as logs, servers.service(logs=Path(logs)) as running:
        found = [compare(sample, url=running.url, rounds=rounds) for sample in samples]
    print(machine.describe(), report(found), sep="\n\n")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"make bench-pdf: {error}")
