"""The results as a table in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.common.images import Kind
from benchmarks.speed.plan import CLIENTS, WARM, Results
from benchmarks.speed.systems import System
from benchmarks.speed.targets import Bar, Table, bars

_NOTHING = "-"
_HEADINGS = (
    *("system", "clients", "images/s", "of warm Tesseract", "p50 s", "p95 s"),
    *("CPU s/image", "wrk CPU ms/image", "peak MiB", "words"),
)


def markdown(results: Results, systems: Sequence[System], kinds: Sequence[Kind], *, machine: str) -> str:
    """The whole report."""
    table = Table(results.measurements)
    return "\n".join(
        [
            "# Speed, side by side",
            "",
            f"Written by `make bench`: one run, {results.rounds} rounds in which the systems took turns, on {machine}.",
            "CPU and memory are those of a system's whole process tree (memory: proportional set size, so that shared",
            "pages count once); the load generator (wrk) is not in them and has a column of its own. *Words* is the",
            "share of the words on an image that was read. What reads in process and the command have no queue:",
            "their times are those of reading alone. *Warm Tesseract* is Tesseract as it is, its model loaded once;",
            "this service's engines are the same Tesseract with this project's code in its slowest parts.",
            "",
            "## Ratios",
            "",
            "| within this run | measured | asked | |",
            "|---|--:|--:|---|",
            *(_bar(bar) for bar in bars(table)),
            "",
            *(line for kind in kinds for line in _kind(kind, table, results, systems)),
        ]
    )


def _bar(bar: Bar) -> str:
    sign = "≥" if bar.at_least else "≤"
    value = _NOTHING if bar.value is None else f"{bar.value:.2f}"
    if bar.bound is None:
        return f"| {bar.title} | {value} | | |"
    verdict = {None: "not measured", True: "met", False: "**missed**"}[bar.met]
    return f"| {bar.title} | {value} | {sign} {bar.bound:g} | {verdict} |"


def _kind(kind: Kind, table: Table, results: Results, systems: Sequence[System]) -> Iterator[str]:
    yield f"## {kind.title[0].upper()}{kind.title[1:]}"
    yield ""
    yield f"| {' | '.join(_HEADINGS)} |"
    yield "|---|" + "--:|" * (len(_HEADINGS) - 1)
    for system in systems:
        recall = results.recall.get((system.name, kind.name))
        for clients in CLIENTS:
            if not table.find(system.name, kind.name, clients):
                continue
            cells = [
                system.title,
                str(clients),
                number(table.rate(system.name, kind.name, clients)),
                number(table.ratio(system.name, WARM, kind.name, clients)),
                number(table.median("p50", system.name, kind.name, clients)),
                number(table.median("p95", system.name, kind.name, clients)),
                number(table.cpu(system.name, kind.name, clients)),
                number(_load(table, system, kind.name, clients)),
                f"{(table.peak(system.name, kind.name, clients) or 0) / (1 << 20):.0f}",
                _NOTHING if recall is None else f"{recall:.3f}",
            ]
            yield f"| {' | '.join(cells)} |"
    yield ""


def _load(table: Table, system: System, kind: str, clients: int) -> float | None:
    found = table.find(system.name, kind, clients)
    milliseconds = 1000 * sum(one.load_seconds for one in found) / sum(one.images for one in found)
    return milliseconds or None


def number(value: float | None) -> str:
    """Three significant digits, without an exponent; a dash for None."""
    if value is None:
        return _NOTHING
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
