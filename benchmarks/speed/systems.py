"""One measurement: a system reads a number of images for a number of clients."""

from __future__ import annotations

import json
import statistics
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.common import load
from benchmarks.common.baselines import Readers
from benchmarks.common.images import Kind, Sample
from benchmarks.common.servers import Running
from benchmarks.common.usage import measured


@dataclass(frozen=True)
class Measurement:
    """Seconds, CPU seconds and bytes; ``load_seconds`` is the load generator's own CPU time."""

    system: str
    kind: str
    clients: int
    round: int
    images: int
    seconds: float
    p50: float
    p95: float
    cpu_seconds: float
    peak_bytes: int
    load_seconds: float

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.seconds


class System(Protocol):
    """Something that reads images."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def parallel(self) -> int:
        """Images that it reads at once at most."""

    @property
    def queues(self) -> bool:
        """Whether more clients than that make a difference."""

    def prepare(self, kind: Kind) -> None:
        """Get ready for images of this kind."""

    def texts(self, kind: Kind) -> list[str]:
        """The texts of the kind's first images, one or more."""

    def measure(self, kind: Kind, *, clients: int, images: int, turn: int) -> Measurement:
        """Read ``images`` images for ``clients`` clients, in the round ``turn``."""


class InProcess:
    """Readers without a service: more than its processes it does not do at once."""

    def __init__(self, name: str, title: str, readers: Readers) -> None:
        self.name, self.title = name, title
        self.parallel, self.queues = len(readers.pids), False
        self._readers = readers

    def prepare(self, kind: Kind) -> None:
        self._readers.load(kind.samples)

    def texts(self, kind: Kind) -> list[str]:
        return self._readers.texts(kind.samples)

    def measure(self, kind: Kind, *, clients: int, images: int, turn: int) -> Measurement:
        with measured(self._readers.pids) as usage:
            reads = self._readers.read(images, at_once=min(clients, self.parallel))
        return Measurement(
            system=self.name,
            kind=kind.name,
            clients=clients,
            round=turn,
            images=images,
            seconds=reads.seconds,
            p50=statistics.median(reads.each),
            p95=percentile(reads.each, 0.95),
            cpu_seconds=usage.cpu_seconds,
            peak_bytes=usage.peak_bytes,
            load_seconds=0.0,
        )


class OverHttp:
    """A service behind ``POST url``; ``query`` goes with each request."""

    queues = True

    def __init__(
        self, name: str, title: str, running: Running, *, parallel: int, query: str = "", examples: int | None = None
    ) -> None:
        self.name, self.title, self.parallel = name, title, parallel
        self._running = running
        self._url = f"{running.url}?{query}" if query else running.url
        self._examples = examples

    def prepare(self, kind: Kind) -> None:
        pass

    def texts(self, kind: Kind) -> list[str]:
        return [self._text(sample) for sample in kind.samples[: self._examples]]

    def measure(self, kind: Kind, *, clients: int, images: int, turn: int) -> Measurement:
        files = [sample.file for sample in kind.samples]
        with measured(self._running.pids) as usage:
            done = load.run(self._url, files, clients=clients, requests=images)
        return Measurement(
            system=self.name,
            kind=kind.name,
            clients=clients,
            round=turn,
            images=images,
            seconds=done.seconds,
            p50=done.p50,
            p95=done.p95,
            cpu_seconds=usage.cpu_seconds,
            peak_bytes=usage.peak_bytes,
            load_seconds=done.cpu_seconds,
        )

    def _text(self, sample: Sample) -> str:
        request = urllib.request.Request(
            self._url, load.multipart(sample.file), {"Content-Type": load.CONTENT_TYPE}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return str(json.load(answer)["outputs"][0]["data"][0])


def percentile(values: Sequence[float], share: float) -> float:
    """The least of ``values`` that is not under ``share`` of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
