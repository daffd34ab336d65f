"""``python -m benchmarks.accuracy --docs FOLDER``: read a folder of pages in every way and compare.

The ways are plain Tesseract, its engine with and without preparation of pages, the whole service, and RapidOCR where
``make rivals`` has installed it; with ``--steps`` also the preparation with each step left out. Writes ``accuracy.md``
and ``accuracy.svg`` to ``--out``, and sheets of the ten worst pages to ``--sheets``.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORST = 10


def main() -> None:
    """Measure, write the report, and print it."""
    asked = _arguments()
    # Before Tesseract is loaded, here and in the processes started from here.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    from benchmarks.accuracy import contact_sheet, corpus, plot, report, rivals, service, variants  # noqa: PLC0415
    from benchmarks.common import machine, servers  # noqa: PLC0415

    pages = corpus.load(asked.docs)
    jobs = [(page, way) for way in variants.ways(steps=asked.steps) for page in pages]
    with ProcessPoolExecutor(asked.processes) as pool:
        found = list(pool.map(variants.measure, *zip(*jobs, strict=True)))
    asked.logs.mkdir(parents=True, exist_ok=True)
    with servers.service(logs=asked.logs) as running:
        for way in (variants.ENGINE_ORDER, variants.SERVICE):
            found += service.measure(pages, way, running)
    if rivals.are_installed():
        found += rivals.measure(pages)
    results = report.Results(found)
    text = report.markdown(results, machine=machine.describe())
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "accuracy.md").write_text(text)
    plot.draw(results, path=asked.out / "accuracy.svg")
    for number, result in enumerate(results.worst(WORST), start=1):
        contact_sheet.draw(result, path=asked.sheets / f"{number:02d}-{result.document.name}.jpg")
    print(text)
    print(f"written to {asked.out}; the worst pages are in {asked.sheets}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make accuracy", description="Read a folder of pages in every way.")
    parser.add_argument(
        "--docs", type=Path, required=True, help="folder with manifest.json, pages and texts, or of such"
    )
    parser.add_argument("--steps", action="store_true", help="also leave out each step of the preparation in turn")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks", help="where the report goes")
    parser.add_argument("--sheets", type=Path, default=ROOT / "build/accuracy", help="where the sheets go")
    parser.add_argument("--logs", type=Path, default=ROOT / "build/accuracy/logs", help="where the servers' logs go")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="pages read at the same time")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"make accuracy: {error}")
