"""The results as tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from benchmarks.accuracy.variants import AUTO, COMMAND, NONE, SERVICE, Result, Way

Value = Callable[[Result], float]


class Results:
    """All results of a run, by way, set and document."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.all = results
        self.ways = list(dict.fromkeys(result.way for result in results))
        self.sets = sorted({result.document.set_name for result in results})

    def mean(self, way: Way, value: Value, *, set_name: str | None = None) -> float:
        """Mean over a set's documents; without a set, the mean of the sets' means."""
        if set_name is None:
            return fmean(self.mean(way, value, set_name=name) for name in self.sets)
        return fmean(value(result) for result in self.all if result.way == way and result.document.set_name == set_name)

    def share_of_preparing(self) -> float:
        """Seconds of preparing all pages over seconds of reading them."""
        prepared = [result for result in self.all if result.way == AUTO]
        return sum(result.preparing for result in prepared) / sum(result.reading for result in prepared)

    def worst(self, count: int) -> list[Result]:
        """The service's pages with the highest error rates."""
        read = [result for result in self.all if result.way == SERVICE]
        return sorted(read, key=lambda result: -result.cer)[:count]


def markdown(results: Results, *, machine: str) -> str:
    """The whole report."""
    plain, whole = (results.mean(way, _cer) for way in (COMMAND, SERVICE))
    leading = [way for way in results.ways if not way.without]
    pages = sum(result.way == AUTO for result in results.all)
    return "\n".join(
        [
            "# Accuracy",
            "",
            f"Written by `make accuracy`: {pages} pages in {len(results.sets)} sets, on {machine}.",
            f"The service leaves {whole / plain:.2f} of the errors of the `tesseract` command,",
            "which gets the files as they are.",
            f"Preparing pages takes {results.share_of_preparing():.0%} of the time that recognizing them takes.",
            "",
            "`none` and `auto` are the engine alone, without and with preparation of pages; `service` is the",
            "whole service, with its reading order and its second look. CPU seconds are those of one process,",
            "or of both servers.",
            "",
            *_table("Character error rate", results, leading, _cer, digits=3),
            *_table("Words found", results, leading, _recall, digits=3),
            *_table("CPU seconds a page", results, leading, _seconds, digits=2),
            *(_steps(results) if len(leading) < len(results.ways) else ()),
            *_pages(results),
        ]
    )


def _cer(result: Result) -> float:
    return result.cer


def _recall(result: Result) -> float:
    return result.recall


def _preparing(result: Result) -> float:
    return result.preparing


def _seconds(result: Result) -> float:
    return result.preparing + result.reading


def _table(title: str, results: Results, ways: Sequence[Way], value: Value, *, digits: int) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield f"| set | {' | '.join(way.title for way in ways)} |"
    yield "|---|" + "--:|" * len(ways)
    for name in (*results.sets, None):
        cells = [f"{results.mean(way, value, set_name=name):.{digits}f}" for way in ways]
        yield f"| {name or '**mean of sets**'} | {' | '.join(cells)} |"
    yield ""


def _steps(results: Results) -> Iterator[str]:
    yield "## What each step is worth"
    yield ""
    yield "Mean of sets with all steps, and with one left out; *cost* is what the step adds to preparing a page."
    yield ""
    yield "| step left out | character error rate | words found | cost, ms a page | pages changed |"
    yield "|---|--:|--:|--:|--:|"
    took = results.mean(AUTO, _preparing)
    yield f"| none left out | {results.mean(AUTO, _cer):.3f} | {results.mean(AUTO, _recall):.3f} | | |"
    for way in results.ways:
        for step in way.without:
            cost = (took - results.mean(way, _preparing)) * 1000
            changed = sum(result.way == AUTO and step in result.steps for result in results.all)
            cer, recall = results.mean(way, _cer), results.mean(way, _recall)
            yield f"| {step} | {cer:.3f} | {recall:.3f} | {cost:.0f} | {changed} |"
    cer, recall = results.mean(NONE, _cer), results.mean(NONE, _recall)
    yield f"| all left out | {cer:.3f} | {recall:.3f} | {(took - results.mean(NONE, _preparing)) * 1000:.0f} | |"
    yield ""


def _pages(results: Results) -> Iterator[str]:
    yield "## By page"
    yield ""
    yield "| page | `tesseract` | none | auto | service | steps |"
    yield "|---|--:|--:|--:|--:|---|"
    by_page = {(result.document.path, result.way): result for result in results.all}
    for result in results.all:
        if result.way == AUTO:
            name = result.document.name
            cells = [f"{by_page[result.document.path, way].cer:.3f}" for way in (COMMAND, NONE, AUTO, SERVICE)]
            yield f"| {name} | {' | '.join(cells)} | {', '.join(result.steps)} |"
    yield ""
