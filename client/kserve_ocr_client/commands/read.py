"""The command ``kserve-ocr read``: from arguments to jobs, and from outcomes to what is printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kserve_ocr_client.client import AsyncClient
from kserve_ocr_client.commands.batch import Job, Outcome, run
from kserve_ocr_client.commands.files import check_targets, find_inputs, target_of
from kserve_ocr_client.options import OUTPUT_SUFFIXES, ReadOptions
from kserve_ocr_client.settings import ClientSettings

_BY_SUFFIX: Final = {suffix: name for name, suffix in OUTPUT_SUFFIXES.items()} | {".html": "hocr"}


@dataclass(frozen=True, slots=True)
class Plan:
    """The output to make and the files to make it of."""

    result: str
    jobs: tuple[Job, ...]


def plan(
    documents: Sequence[str], *, output: Path | None, result: str | None, recursive: bool, skip_existing: bool
) -> Plan:
    """What the arguments ask for. Raises FilesError."""
    inputs = find_inputs(documents, recursive=recursive)
    named = _BY_SUFFIX.get(output.suffix.lower(), "text") if output is not None else "text"
    result = result or named
    if output is None:
        return Plan(result, tuple(Job(one.path, None) for one in inputs))
    single = len(inputs) == 1 and not Path(documents[0]).is_dir()
    targets = [target_of(one, output, suffix=OUTPUT_SUFFIXES[result], single=single) for one in inputs]
    check_targets(targets)
    jobs = [
        Job(one.path, target)
        for one, target in zip(inputs, targets, strict=True)
        if not (skip_existing and target.exists())
    ]
    return Plan(result, tuple(jobs))


async def execute(work: Plan, *, url: str, settings: ClientSettings, options: ReadOptions, at_once: int) -> list[str]:
    """Read everything; print results that have no file in the order of the arguments. One line a failure."""
    printed = _InOrder(work.jobs)
    failures: dict[Path, str] = {}
    with _progress(len(work.jobs)) as progress:
        async with (
            AsyncClient(url, **settings) as client,
            aclosing(run(client, work.jobs, output=work.result, options=options, at_once=at_once)) as outcomes,
        ):
            async for outcome in outcomes:
                if outcome.failure is not None:
                    failures[outcome.job.path] = outcome.failure
                printed.add(outcome)
                progress.advance(progress.task_ids[0])
    return [f"{job.path}: {failures[job.path]}" for job in work.jobs if job.path in failures]


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    """A bar on the error stream, for several files on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=total < 2 or not console.is_terminal) as progress:
        progress.add_task("reading", total=total)
        yield progress


class _InOrder:
    """Prints results as soon as all before them are there."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._waiting = [job.path for job in jobs if job.target is None]
        self._done: dict[Path, bytes] = {}

    def add(self, outcome: Outcome) -> None:
        if outcome.job.target is not None:
            return
        self._done[outcome.job.path] = outcome.content
        while self._waiting and self._waiting[0] in self._done:
            _print(self._done.pop(self._waiting.pop(0)))


def _print(content: bytes) -> None:
    if content:
        sys.stdout.buffer.write(content if content.endswith(b"\n") else content + b"\n")
        sys.stdout.buffer.flush()
