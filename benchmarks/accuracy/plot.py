"""The error rates as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.accuracy.report import Results
from benchmarks.accuracy.variants import AUTO, COMMAND, RAPID_OCR, SERVICE, Way

_COLORS: dict[Way, str] = {COMMAND: "#444444", AUTO: "#b8860b", SERVICE: "#1b6ca8", RAPID_OCR: "#8a8a8a"}


def draw(results: Results, *, path: Path) -> None:
    """Character error rates by set; below them those of the service with a step left out, if they were measured."""
    mpl.rcParams["svg.hashsalt"] = "accuracy"  # the same picture for the same figures
    mpl.rcParams["font.size"] = 8
    left_out = [way for way in results.ways if way.without]
    figure = Figure(figsize=(9.0, 6.0 if left_out else 3.4), layout="constrained")
    by_set, *more = figure.subplots(2 if left_out else 1, 1, squeeze=False).ravel()
    _draw_sets(results, by_set)
    for axes in more:
        _draw_steps(results, left_out, axes)
    figure.savefig(path, metadata={"Date": None})


def _draw_sets(results: Results, axes: Axes) -> None:
    ways = [way for way in _COLORS if way in results.ways]
    names = [*results.sets, None]
    width = 0.8 / len(ways)
    for index, way in enumerate(ways):
        heights = [results.mean(way, lambda result: result.cer, set_name=name) for name in names]
        places = [place + (index - (len(ways) - 1) / 2) * width for place in range(len(names))]
        axes.bar(places, heights, 0.95 * width, color=_COLORS[way], label=way.title.strip("`"))
    labels = [name or "mean of sets" for name in names]
    crowded = len(names) > 6
    axes.set_xticks(range(len(names)), labels, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    axes.legend(frameon=False)
    axes.set_title("Character error rate by set", fontsize=9)


def _draw_steps(results: Results, left_out: Sequence[Way], axes: Axes) -> None:
    rates = [results.mean(way, lambda result: result.cer) for way in left_out]
    bars = axes.barh([way.title for way in left_out], rates, color="#4fa3d1")
    axes.bar_label(bars, fmt="%.3f", fontsize=6)
    axes.axvline(results.mean(AUTO, lambda result: result.cer), color=_COLORS[AUTO])
    axes.invert_yaxis()
    axes.set_title("Mean of sets with one step of the preparation left out (line: none)", fontsize=9)
