"""``python -m benchmarks.scrape_cost``: what it costs to be watched, throughput with a scrape a second against without.

Text lines, the kind that leaves the servers least time besides recognition, go through ``/gateway/ocr`` in short runs,
by turns with and without somebody who fetches both servers' ``/metrics`` once a second. Each pair of runs gives a
ratio, so that a machine that slows down does not count. Variables: ``PAIRS`` (30), ``LINES``, of each run (300),
``CLIENTS`` (4).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

from benchmarks.common import images, load, servers

_EVERY_SECONDS = 1.0
_MOST = 0.02


@contextmanager
def scraped(urls: Sequence[str], *, every: float = _EVERY_SECONDS) -> Iterator[list[int]]:
    """Fetch every URL, at once and then each time that ``every`` seconds have passed; yields the answers' bytes.

    Raises LoadError at the end if one could not be fetched.
    """
    done = threading.Event()
    sizes: list[int] = []
    failures: list[load.LoadError] = []

    def scrape() -> None:
        try:
            while True:
                for url in urls:
                    with urllib.request.urlopen(url, timeout=10) as answer:
                        sizes.append(len(answer.read()))
                if done.wait(every):
                    return
        except OSError as error:
            if isinstance(error, HTTPError):
                error.close()
            failures.append(load.LoadError(f"no scrape: {error}"))

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield sizes
    finally:
        done.set()
        thread.join()
    if failures:
        raise failures[0]


def main() -> int:
    """The exit status: 0 if throughput differs by less than the bound."""
    pairs, lines = int(os.environ.get("PAIRS") or 30), int(os.environ.get("LINES") or 300)
    clients = int(os.environ.get("CLIENTS") or 4)
    files = [sample.file for sample in images.drawn_kinds()[0].samples]
    ratios, scrapes = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as logs, servers.service(logs=Path(logs)) as service:
        pages = [f"{server}/metrics" for server in service.servers]
        load.run(service.url, files, clients=clients, requests=lines)
        for pair in range(pairs):
            seconds = {}
            for watched in (True, False) if pair % 2 else (False, True):
                with scraped(pages if watched else []) as sizes:
                    seconds[watched] = load.run(service.url, files, clients=clients, requests=lines).seconds
                scrapes += sizes
            ratios.append(seconds[False] / seconds[True])
    ratio = statistics.median(ratios)
    spread = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else 0.0
    print(
        f"{pairs} pairs of {lines} text lines, {clients} clients: throughput with a scrape a second is {ratio:.4f} of "
        f"that without (median; standard error of the mean {spread:.4f}); {len(scrapes)} scrapes, "
        f"{statistics.mean(scrapes) / 1024:.0f} KiB each"
    )
    kept = abs(1 - ratio) < _MOST
    print(f"asked: less than {_MOST:.0%} of difference: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
