"""The results as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.common.images import Kind
from benchmarks.speed.plan import CLIENTS, Results
from benchmarks.speed.report import number
from benchmarks.speed.systems import System
from benchmarks.speed.targets import Table

_COLOURS = ("#444444", "#2e7d32", "#b8860b", "#8b1a1a", "#1b6ca8", "#4fa3d1")


def draw(results: Results, systems: Sequence[System], kinds: Sequence[Kind], *, path: Path, machine: str) -> None:
    """Throughput above, the 95th percentile of the answering time below, a column for each kind of image."""
    mpl.rcParams["svg.hashsalt"] = "speed"  # the same picture for the same figures
    mpl.rcParams["font.size"] = 8
    figure = Figure(figsize=(4.2 * len(kinds), 6.4), layout="constrained")
    axes = figure.subplots(2, len(kinds), squeeze=False)
    table = Table(results.measurements)
    for column, kind in enumerate(kinds):
        for row, what in enumerate(("images a second", "p95, seconds")):
            _bars(axes[row][column], table, systems, kind.name, rate=row == 0)
            axes[row][column].set_title(f"{kind.title}: {what}", fontsize=9)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(systems), frameon=False)
    figure.suptitle(f"Throughput and answering time by number of clients, logarithmic ({machine})", fontsize=10)
    figure.savefig(path, metadata={"Date": None})


def _bars(axes: Axes, table: Table, systems: Sequence[System], kind: str, *, rate: bool) -> None:
    width = 0.8 / len(systems)
    for index, system in enumerate(systems):
        places, values = [], []
        for group, clients in enumerate(CLIENTS):
            found = table.rate(system.name, kind, clients) if rate else table.median("p95", system.name, kind, clients)
            if found is not None:
                places.append(group + (index - (len(systems) - 1) / 2) * width)
                values.append(found)
        drawn = axes.bar(places, values, width * 0.95, color=_COLOURS[index % len(_COLOURS)], label=system.title)
        axes.bar_label(drawn, [number(value) for value in values], fontsize=5.5, rotation=90, padding=2)
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.margins(y=0.25)
    axes.set_xticks(range(len(CLIENTS)), [f"{clients} client{'s' if clients > 1 else ''}" for clients in CLIENTS])
    axes.spines[["top", "right"]].set_visible(False)
