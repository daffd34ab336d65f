"""``python -m benchmarks.overhead``: what the service adds to a page, and how soon health probes answer during that.

An A4 page at 300 dpi goes through ``/gateway/ocr``, through the predictor's engine in process and through warm
Tesseract as it is, in turns, one at a time. Then both servers' probes are asked while eight pages are being read.
Variables: ``PAGES``, the pages of each kind (10), ``PROBES``, the probes a second (10).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import baselines, images, load, servers
from benchmarks.common.baselines import Readers
from benchmarks.common.images import Sample
from benchmarks.common.servers import Running
from benchmarks.common.usage import cpu_seconds, tree
from benchmarks.speed.systems import percentile

_MOST_OVERHEAD = 0.08
_LONGEST_PROBE = 0.1
_PAGES_AT_ONCE = 8


@dataclass(frozen=True)
class Overhead:
    """Seconds of a page through the service and by one that reads in process, in pairs, and CPU seconds of all."""

    service: tuple[float, ...]
    reader: tuple[float, ...]
    service_cpu: float
    reader_cpu: float

    @property
    def time(self) -> float:
        """What the service adds, as a share of the reader's time; the median of the pairs."""
        return statistics.median(ours / theirs for ours, theirs in zip(self.service, self.reader, strict=True)) - 1

    @property
    def cpu(self) -> float:
        """What the service adds, as a share of the reader's CPU time: less sensitive to what else runs."""
        return self.service_cpu / self.reader_cpu - 1


def compare(service: Running, query: str, readers: Sequence[Readers], page: Sample, *, pages: int) -> list[Overhead]:
    """Read the page by turns through the service and by each of the readers; the service compared with each of them."""
    url = f"{service.url}?{query}"
    for reader in readers:
        reader.texts([page])
    load.run(url, [page.file], clients=1, requests=1)
    ours: list[float] = []
    theirs: list[list[float]] = [[] for _ in readers]
    every = (service.pids, *(reader.pids for reader in readers))
    before = [cpu_seconds(tree(roots)) for roots in every]
    for _ in range(pages):
        ours.append(load.run(url, [page.file], clients=1, requests=1).seconds)
        for reader, seconds in zip(readers, theirs, strict=True):
            seconds.append(reader.read(1, at_once=1).seconds)
    cpu, *others = (cpu_seconds(tree(roots)) - begun for roots, begun in zip(every, before, strict=True))
    return [Overhead(tuple(ours), tuple(took), cpu, other) for took, other in zip(theirs, others, strict=True)]


def probe_under_load(url: str, page: Sample, probes: Sequence[str], *, a_second: float) -> dict[str, list[float]]:
    """Seconds of every answer of the probes while eight pages are being read at once, twice over."""
    answered: dict[str, list[float]] = {probe: [] for probe in probes}
    with ThreadPoolExecutor(1) as reader:
        reading = reader.submit(load.run, url, [page.file], clients=_PAGES_AT_ONCE, requests=2 * _PAGES_AT_ONCE)
        while not reading.done():
            for probe in probes:
                began = time.perf_counter()
                with urllib.request.urlopen(probe, timeout=30) as answer:
                    answer.read()
                answered[probe].append(time.perf_counter() - began)
            time.sleep(1 / a_second)
        reading.result()
    return answered


def main() -> int:
    """The exit status: 0 if both bounds are kept."""
    pages, a_second = int(os.environ.get("PAGES") or 10), float(os.environ.get("PROBES") or 10)
    page = images.page(0)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as logs,
        Readers(baselines.warm, processes=1) as warm,
        Readers(baselines.engine, processes=1) as engine,
        servers.service(logs=Path(logs)) as service,
    ):
        kept = True
        for query in ("preprocess=none", "preprocess=auto"):
            names = "warm Tesseract", "the engine in process"
            found = compare(service, query, (warm, engine), page, pages=pages)
            print(f"A4 page, {query}: {statistics.median(found[0].service):.3f} s through the service")
            for name, overhead in zip(names, found, strict=True):
                print(
                    f"    {statistics.median(overhead.reader):.3f} s by {name}: {overhead.time:+.1%} "
                    f"(medians of {pages}), CPU {overhead.cpu:+.1%}"
                )
            kept &= query != "preprocess=none" or found[0].time <= _MOST_OVERHEAD
        probes = [f"{server}/v2/health/{kind}" for server in service.servers for kind in ("live", "ready")]
        for probe, seconds in probe_under_load(service.url, page, probes, a_second=a_second).items():
            print(
                f"{probe.partition('//')[2]:<36} while {_PAGES_AT_ONCE} pages are read: {len(seconds)} probes, "
                f"median {statistics.median(seconds) * 1000:.1f} ms, p99 {percentile(seconds, 0.99) * 1000:.1f} ms, "
                f"longest {max(seconds) * 1000:.1f} ms"
            )
            kept &= max(seconds) <= _LONGEST_PROBE
    print(f"asked: at most {_MOST_OVERHEAD:.0%} more time than warm Tesseract,", end=" ")
    print(f"every probe within {_LONGEST_PROBE * 1000:.0f} ms:", end=" ")
    print("kept" if kept else "NOT KEPT")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
