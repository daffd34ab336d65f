"""Reading many files at once, whatever happens to single ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kserve_ocr_client.client import AsyncClient
from kserve_ocr_client.commands.files import write_atomically
from kserve_ocr_client.errors import OcrClientError
from kserve_ocr_client.options import ReadOptions


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read and where its result goes, None for nowhere."""

    path: Path
    target: Path | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: its result, empty if it was written to a file, or the sentence that says what failed."""

    job: Job
    content: bytes = b""
    failure: str | None = None


async def run(
    client: AsyncClient, jobs: Sequence[Job], *, output: str, options: ReadOptions, at_once: int
) -> AsyncGenerator[Outcome, None]:
    """Outcomes as they come, at most ``at_once`` files at a time; leaving the loop early cancels the rest."""
    waiting = iter(jobs)

    async def worker(results: asyncio.Queue[Outcome]) -> None:
        for job in waiting:
            await results.put(await _outcome(client, job, output=output, options=options))

    results: asyncio.Queue[Outcome] = asyncio.Queue()
    workers = [asyncio.create_task(worker(results)) for _ in range(min(at_once, len(jobs)))]
    try:
        for _ in jobs:
            yield await results.get()
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _outcome(client: AsyncClient, job: Job, *, output: str, options: ReadOptions) -> Outcome:
    try:
        content = await _content(client, job.path, output=output, options=options)
        if job.target is not None:
            await asyncio.to_thread(write_atomically, job.target, content)
    except (OcrClientError, OSError) as error:
        return Outcome(job, failure=str(error))
    return Outcome(job, content if job.target is None else b"")


async def _content(client: AsyncClient, path: Path, *, output: str, options: ReadOptions) -> bytes:
    document = await client.read(path, outputs=(output,), **options)
    return document.outputs[output]
