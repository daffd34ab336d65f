"""What is measured, in which order, and how much of it, so that a run takes minutes on any machine."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.accuracy.metrics import word_recall
from benchmarks.common.images import Kind
from benchmarks.speed.systems import Measurement, System

CLIENTS = (1, 4, 16)
WARM = "warm"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Budget:
    """How long a run may take, in seconds.

    One measurement is to read for about ``measurement``, of pages for ``page``. One that would take more than
    ``longest`` (many clients before a slow system) is left out, one over ``once`` is made in the first round only, and
    a round that would not end within ``total`` is not begun.
    """

    rounds: int
    measurement: float
    page: float
    once: float
    longest: float
    total: float


FULL = Budget(rounds=2, measurement=3.5, page=7.0, once=45.0, longest=130.0, total=900.0)
QUICK = Budget(rounds=1, measurement=1.5, page=3.0, once=30.0, longest=30.0, total=180.0)


@dataclass
class Results:
    """Everything that was measured, and what each system read right (mean word recall, by system and kind)."""

    measurements: list[Measurement] = field(default_factory=list)
    recall: dict[tuple[str, str], float] = field(default_factory=dict)
    rounds: int = 0


def run(systems: Sequence[System], kinds: Sequence[Kind], budget: Budget, *, say: Say) -> Results:
    """Measure every system with every kind of image; the systems take turns, so that noise hits them alike.

    Warm Tesseract must be the first of the systems.
    """
    results = Results()
    began = time.monotonic()
    estimates: dict[tuple[str, str], float] = {}
    for turn in range(budget.rounds):
        again = sum(found.seconds for found in results.measurements if found.seconds <= budget.once)
        if time.monotonic() - began + 1.2 * again / max(1, turn) > budget.total:
            break
        for kind in kinds:
            for system in systems:
                system.prepare(kind)
            if not turn:
                for system, (recall, seconds) in zip(systems, _first(systems, kind), strict=True):
                    results.recall[system.name, kind.name] = recall
                    estimates[system.name, kind.name] = seconds
            for system, clients in order(systems, turn=turn):
                each = estimates[system.name, kind.name]
                images = count(kind, clients=clients, parallel=system.parallel, each=each, budget=budget)
                expected = each * images / min(system.parallel, clients)
                if expected > (budget.once if turn else budget.longest):
                    continue
                found = system.measure(kind, clients=clients, images=images, turn=turn)
                results.measurements.append(found)
                say(f"{turn + 1}. {kind.title}, {clients} clients: {system.title}: {found.rate:.3g} a second")
        results.rounds = turn + 1
    return results


def order(systems: Sequence[System], *, turn: int) -> Iterator[tuple[System, int]]:
    """Every system with every number of clients that it can tell apart; the order of systems turns with the rounds.

    Warm Tesseract is measured before and after the others each time, since all are compared with it.
    """
    warm, *others = systems
    shift = turn % len(others)
    for clients in CLIENTS:
        yield warm, clients
        for system in [*others[shift:], *others[:shift]]:
            if system.queues or clients == CLIENTS[0] or CLIENTS[CLIENTS.index(clients) - 1] < system.parallel:
                yield system, clients
        yield warm, clients


def count(kind: Kind, *, clients: int, parallel: int, each: float, budget: Budget) -> int:
    """How many images to read; ``each``: seconds that one takes by itself.

    At least one for each client and, where there is time for it, half as many again, so that most of them meet a full
    queue; a multiple of what is read at once, and of the different images where these differ in work.
    """
    at_once = min(parallel, clients)
    wanted = (budget.page if each > 1 else budget.measurement) * at_once / each
    full = 1.5 * clients
    wanted = max(wanted, full if full * each / at_once <= budget.once else clients)
    unit = math.lcm(len(kind.samples), at_once) if kind.name == "folder" else at_once
    return math.ceil(wanted / unit) * unit


def _first(systems: Sequence[System], kind: Kind) -> Iterator[tuple[float, float]]:
    """Mean word recall and seconds an image of each system that reads alone, for the first time.

    What there is to read on images of the caller's is what warm Tesseract reads.
    """
    read: list[str] = []
    for system in systems:
        began = time.monotonic()
        texts = system.texts(kind)
        seconds = (time.monotonic() - began) / len(texts)
        read = read or texts
        truth = [text if sample.text is None else sample.text for sample, text in zip(kind.samples, read, strict=True)]
        recalls = [word_recall(text, known) for text, known in zip(texts, truth, strict=False)]
        yield statistics.mean(recalls), seconds
