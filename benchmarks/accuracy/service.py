"""Documents read by the running service, one after the other, with the CPU seconds that both servers take."""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence

from benchmarks.accuracy.corpus import Document
from benchmarks.accuracy.variants import Result, Way, result_of
from benchmarks.common.servers import Running

SECONDS = 300
_CPU = "ocr_cpu_seconds_total"


def measure(documents: Sequence[Document], way: Way, running: Running) -> Iterator[Result]:
    """Read the documents with the way's options; nothing else may use the servers."""
    for document in documents:
        _read(document, way, running)  # models are loaded before seconds are counted
        break
    for document in documents:
        began = _cpu_seconds(running)
        text = _read(document, way, running)
        yield result_of(document, way, text=text, reading=_cpu_seconds(running) - began)


def _read(document: Document, way: Way, running: Running) -> str:
    query = urllib.parse.urlencode({"lang": document.lang, **dict(way.options or ())})
    request = urllib.request.Request(
        f"{running.url}?{query}",
        data=document.path.read_bytes(),
        headers={"Content-Type": "application/octet-stream", "Accept": "text/plain"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        text: str = answer.read().decode()
    return text


def _cpu_seconds(running: Running) -> float:
    """CPU seconds that the servers and their workers have taken since they started."""
    return sum(
        float(line.split()[-1]) for server in running.servers for line in _metrics(server) if line.startswith(_CPU)
    )


def _metrics(server: str) -> list[str]:
    with urllib.request.urlopen(f"{server}/metrics", timeout=SECONDS) as answer:
        text: str = answer.read().decode()
    return text.splitlines()
