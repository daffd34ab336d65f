"""The error rates as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.accuracy.report import Results
from benchmarks.accuracy.variants import AUTO, COMMAND, NONE

_COLOURS = {COMMAND: "#444444", NONE: "#b8860b", AUTO: "#1b6ca8"}


def draw(results: Results, *, path: Path) -> None:
    """Character error rates by set on the left, by step left out on the right."""
    mpl.rcParams["svg.hashsalt"] = "accuracy"  # the same picture for the same figures
    mpl.rcParams["font.size"] = 8
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    by_set, by_step = figure.subplots(1, 2)
    names = [*results.sets, None]
    for index, (way, colour) in enumerate(_COLOURS.items()):
        heights = [results.mean(way, lambda result: result.cer, set_name=name) for name in names]
        places = [place + (index - 1) * 0.27 for place in range(len(names))]
        bars = by_set.bar(places, heights, 0.25, color=colour, label=way.title.strip("`"))
        by_set.bar_label(bars, fmt="%.2f", fontsize=6)
    by_set.set_xticks(range(len(names)), [name or "mean of sets" for name in names])
    by_set.legend(frameon=False)
    by_set.set_title("Character error rate by set", fontsize=9)
    left_out = [way for way in results.ways if way.without]
    rates = [results.mean(way, lambda result: result.cer) for way in left_out]
    bars = by_step.barh([way.title for way in left_out], rates, color="#4fa3d1")
    by_step.bar_label(bars, fmt="%.3f", fontsize=6)
    by_step.axvline(results.mean(AUTO, lambda result: result.cer), color=_COLOURS[AUTO])
    by_step.invert_yaxis()
    by_step.set_title("Mean of sets with one step left out (line: none)", fontsize=9)
    figure.savefig(path, metadata={"Date": None})
