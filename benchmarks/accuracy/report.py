"""The results as tables in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def _table(title: str, results: Results, ways: Sequence[Way], value: Value, *, digits: int) -> list[str]:
    rows = [
        (name or "**mean of sets**", *(f"{results.mean(way, value, set_name=name):.{digits}f}" for way in ways))
        for name in (*results.sets, None)
    ]
    return _section(title, "", ("set", *(way.title for way in ways)), rows)


def _steps(results: Results) -> list[str]:
    took = results.mean(AUTO, _preparing)

    def row(name: str, way: Way, cost: str = "", changed: str = "") -> tuple[str, ...]:
        return name, f"{results.mean(way, _cer):.3f}", f"{results.mean(way, _recall):.3f}", cost, changed

    def saved(way: Way) -> str:
        return f"{(took - results.mean(way, _preparing)) * 1000:.0f}"

    rows = [row("none left out", AUTO)]
    for way in results.ways:
        for step in way.without:
            changed = sum(result.way == AUTO and step in result.steps for result in results.all)
            rows.append(row(step, way, saved(way), str(changed)))
    rows.append(row("all left out", NONE, saved(NONE)))
    return _section(
        "What each step is worth",
        "Mean of sets with all steps, and with one left out; *cost* is what the step adds to preparing a page.",
        ("step left out", "character error rate", "words found", "cost, ms a page", "pages changed"),
        rows,
    )


def _pages(results: Results) -> list[str]:
    by_page = {(result.document.path, result.way): result for result in results.all}
    rows = [
        (
            result.document.name,
            *(f"{by_page[result.document.path, way].cer:.3f}" for way in (COMMAND, NONE, AUTO, SERVICE)),
            ", ".join(result.steps),
        )
        for result in results.all
        if result.way == AUTO
    ]
    return _section("By page", "", ("page", "`tesseract`", "none", "auto", "service", "steps"), rows)


def _section(title: str, note: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A heading and a table; every column but the first is aligned to the right."""
    return [
        f"## {title}",
        "",
        *([note, ""] if note else ()),
        f"| {' | '.join(header)} |",
        "|---|" + "--:|" * (len(header) - 1),
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
