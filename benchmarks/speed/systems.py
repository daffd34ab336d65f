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
from benchmarks.common.usage import Usage, measured


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


@dataclass(frozen=True)
class Times:
    """Seconds of a measurement, of its median and 95th percentile image, and of the load generator's CPU."""

    seconds: float
    p50: float
    p95: float
    load_seconds: float = 0.0


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
        times = Times(reads.seconds, statistics.median(reads.each), percentile(reads.each, 0.95))
        return _measurement(self.name, kind, usage, times, clients=clients, images=images, turn=turn)


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
        times = Times(done.seconds, done.p50, done.p95, done.cpu_seconds)
        return _measurement(self.name, kind, usage, times, clients=clients, images=images, turn=turn)

    def _text(self, sample: Sample) -> str:
        request = urllib.request.Request(
            self._url, load.multipart(sample.file), {"Content-Type": load.CONTENT_TYPE}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return str(json.load(answer)["outputs"][0]["data"][0])


def _measurement(
    system: str, kind: Kind, usage: Usage, times: Times, *, clients: int, images: int, turn: int
) -> Measurement:
    return Measurement(
        system=system,
        kind=kind.name,
        clients=clients,
        round=turn,
        images=images,
        seconds=times.seconds,
        p50=times.p50,
        p95=times.p95,
        cpu_seconds=usage.cpu_seconds,
        peak_bytes=usage.peak_bytes,
        load_seconds=times.load_seconds,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The least of ``values`` that is not under ``share`` of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
