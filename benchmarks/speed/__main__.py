"""``python -m benchmarks.speed``: measure, and write ``speed.md`` and ``speed.svg``.

Variables: ``QUICK=1`` for a run of some three minutes, which writes to ``build/bench``; ``DOCS`` a folder of images to
read as well; ``OUT`` the directory of the report (``docs/benchmarks``).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import baselines, images, machine, servers
from benchmarks.common.load import LoadError
from benchmarks.speed import plan, plot, report
from benchmarks.speed.systems import InProcess, OverHttp, System
from benchmarks.speed.targets import AUTO, COMMAND, ENGINE, NONE, OLDER
from kserve_ocr.workers.cpus import granted_cpus
from tools.local_stack import ROOT


def main() -> None:
    """Measure and write the report; its ratios are printed as well."""
    quick = os.environ.get("QUICK", "") not in {"", "0"}
    out = Path(os.environ.get("OUT") or ROOT / ("build/bench" if quick else "docs/benchmarks"))
    kinds = list(images.drawn_kinds())
    if docs := os.environ.get("DOCS"):
        kinds.append(images.folder(Path(docs)))
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {line}", flush=True)

    workers = granted_cpus()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as logs,
        baselines.Readers(baselines.warm, processes=workers) as warm,
        baselines.Readers(baselines.engine, processes=workers) as engine,
        baselines.Readers(baselines.command, processes=workers) as command,
        servers.older(logs=Path(logs)) as older,
        servers.service(logs=Path(logs)) as service,
    ):
        systems: list[System] = [
            InProcess(plan.WARM, "warm Tesseract in process", warm),
            InProcess(ENGINE, "this service's engines in process", engine),
            InProcess(COMMAND, "tesseract command", command),
            OverHttp(OLDER, "older system", older, parallel=1, examples=1),
            OverHttp(NONE, "this service, preprocess=none", service, parallel=workers, query="preprocess=none"),
            OverHttp(AUTO, "this service, preprocess=auto", service, parallel=workers, query="preprocess=auto"),
        ]
        results = plan.run(systems, kinds, plan.QUICK if quick else plan.FULL, say=say)
    out.mkdir(parents=True, exist_ok=True)
    text = report.markdown(results, systems, kinds, machine=machine.describe())
    (out / "speed.md").write_text(text)
    plot.draw(results, systems, kinds, path=out / "speed.svg", machine=machine.describe())
    print(text)
    say(f"written to {out}")


if __name__ == "__main__":
    try:
        main()
    except (LoadError, ValueError) as error:
        sys.exit(f"make bench: {error}")
