"""``python -m benchmarks.sharing [FOLDER]``: pages read by several processes together, against by one.

For drawn A4 pages, and for the pages in a folder laid out for ``make accuracy``, as they are sent and as they are
prepared: whether text, confidences and boxes are the same, and the time together against that alone, each the shortest
of ``ROUNDS`` (3). Nothing else should run meanwhile. ``PROCESSES`` (those that CPUs are granted for).
"""

from __future__ import annotations

import functools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import images
from benchmarks.accuracy import documents
from benchmarks.accuracy.measuring import PIXELS, decode
from benchmarks.usage import cpu_seconds_of_ended
from predictor.engines import EngineSettings, Page, Reading, warm
from predictor.languages import ModelDirectory
from protocol.cpus import granted_cpus
from protocol.parameters import ReadingOptions
from transformer.preprocess import prepare


def pages(folder: Path | None) -> Iterator[tuple[str, Page, ReadingOptions]]:
    """Each page with its name and how to read it."""
    for sample in images.drawn_kinds()[-1].samples:
        yield f"drawn {sample.name}", sample.pixels, ReadingOptions(dpi=sample.dpi)
    for document in documents.load(folder) if folder else []:
        sent = decode(document.path)
        for auto in (False, True):
            ready = prepare(sent.pixels, dpi=sent.dpi, auto=auto)
            name = f"{document.path.stem}, preprocess={'auto' if auto else 'none'}"
            yield name, ready.pixels, ReadingOptions(dpi=ready.dpi)


def fastest(read: Callable[[], Reading], *, rounds: int) -> tuple[Reading, float]:
    """What is read each time, and the seconds of the shortest."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        reading = read()
        times.append(time.perf_counter() - began)
    return reading, min(times)


def main() -> int:
    """The exit status: 0 if every page is the same."""
    processes, rounds = int(os.environ.get("PROCESSES") or granted_cpus()), int(os.environ.get("ROUNDS") or 3)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else None
    engine = warm.create(EngineSettings("tesserocr", str(ModelDirectory.find("").path), 1, PIXELS))
    same, readings, ratios = 0, 0, []
    for name, page, options in pages(folder):
        read = functools.partial(engine.read, page, options, layout=True)
        alone, whole = fastest(read, rounds=rounds)
        helped = -cpu_seconds_of_ended()
        together, shared = fastest(functools.partial(read, processes=processes), rounds=rounds)
        helped += cpu_seconds_of_ended()
        readings += 1
        same += together == alone
        if helped:
            ratios.append(shared / whole)
        print(
            f"{name}: {f'{ratios[-1]:.2f} of' if helped else 'not shared:'} {whole:.3f} s, "
            f"{'the same' if together == alone else 'NOT THE SAME'}",
            flush=True,
        )
    print(f"{readings} readings: {same} the same, {len(ratios)} shared by up to {processes} processes")
    if ratios:
        print(
            f"those took {statistics.median(ratios):.2f} of the time alone "
            f"(median, from {min(ratios):.2f} to {max(ratios):.2f})"
        )
    return 0 if same == readings else 1


if __name__ == "__main__":
    sys.exit(main())
