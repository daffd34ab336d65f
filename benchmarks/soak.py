"""``python -m benchmarks.soak --pages 2000``: thousands of mixed pages, and what is left of them.

Text lines, paragraphs, A4 pages, PDFs, TIFFs and damaged files go through ``/gateway/ocr`` with the options and outputs
that clients use. After every 500 pages nothing is in flight for a moment, and what the process trees hold is measured.
The exit status says whether every answer was the right one, resident memory after the first 500 pages and at the end
differs by less than 5 %, and no zombie, process, open file or temporary file is left.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import psutil
from PIL import Image

from benchmarks.common import images, servers, usage

CLIENTS: Final = 6
BATCH: Final = 500
MOST_GROWTH: Final = 0.05
MOST_FILES: Final = 4
"""Open files that keep-alive connections may add."""
_DECK: Final = 100
_SETTLE_SECONDS: Final = 2.0
_SHARED_MEMORY: Final = Path("/dev/shm")
_MIB: Final = 1 << 20


@dataclass(frozen=True)
class Document:
    """A file, its pages, the options sent with it, and the status that answers it."""

    name: str
    file: bytes
    pages: int = 1
    query: str = ""
    accept: str = "application/json"
    status: int = 200


@dataclass(frozen=True)
class Holding:
    """What a process tree holds: bytes resident (shared memory counted for each process), bytes by proportional set
    size, processes, zombies, open files."""

    resident: int
    proportional: int
    processes: int
    zombies: int
    files: int


def deck() -> list[Document]:
    """A hundred pages of every sort."""
    lines = [images.line(seed).file for seed in range(10)]
    paragraphs = [images.paragraph(seed) for seed in range(8)]
    page = images.page(0)
    pdf, tiff = _save(paragraphs[:3], "PDF", resolution=200), _save(paragraphs[3:6], "TIFF", compression="tiff_lzw")
    damaged = [
        Document("PNG cut short", page.file[: len(page.file) // 2], status=422),
        Document("PDF cut short", pdf[: len(pdf) // 3], status=422),
        Document("TIFF without its end", tiff[:2000], status=422),
        Document("no image at all", b"Dear reader, this is only text.", status=415),
        Document("image of too many pixels", _save_blank((12_000, 12_000)), status=413),
    ]
    return [
        *(Document("line", file, query="preprocess=none") for file in lines * 2),
        *(Document("line", file) for file in lines * 2),
        *(Document("line with its words", file, query="outputs=text,words,confidence") for file in lines),
        *(Document("paragraph", sample.file) for sample in paragraphs * 2),
        *(Document("paragraph as hOCR", sample.file, accept="text/html") for sample in paragraphs),
        *(Document("paragraph as PDF", sample.file, accept="application/pdf") for sample in paragraphs[:4]),
        Document("A4 page", page.file),
        Document("A4 page as PDF", page.file, query="preprocess=none", accept="application/pdf"),
        Document("PDF", pdf, pages=3, accept="text/plain"),
        Document("PDF as PDF", pdf, pages=3, accept="application/pdf"),
        Document("TIFF", tiff, pages=3, query="outputs=tsv,alto"),
        Document("one page of a TIFF", tiff, query="pages=2"),
        *damaged,
        *(Document("line as one line", file, query="orient=none&psm=7") for file in lines[:5]),
    ]


def _save(samples: Sequence[images.Sample], kind: str, *, resolution: int | None = None, **options: str) -> bytes:
    first, *others = [Image.fromarray(sample.pixels) for sample in samples]
    out = io.BytesIO()
    more = {} if resolution is None else {"resolution": resolution}
    first.save(out, kind, save_all=True, append_images=others, **options, **more)
    return out.getvalue()


def _save_blank(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("L", size, 255).save(out, "PNG")
    return out.getvalue()


def batches(pages: int, *, seed: int = 1) -> Iterator[list[Document]]:
    """The documents of about ``pages`` pages, 500 at a time, shuffled a hundred at a time: each batch has all sorts."""
    choose = random.Random(seed)
    batch: list[Document] = []
    documents = deck()
    for dealt in range(math.ceil(pages / _DECK)):
        choose.shuffle(documents)
        batch += documents
        if (dealt + 1) % (BATCH // _DECK) == 0:
            yield batch
            batch = []
    if batch:
        yield batch


def holding(roots: Sequence[int]) -> Holding:
    """What the trees below the roots hold now."""
    pids = usage.tree(roots)
    processes = [psutil.Process(pid) for pid in pids]
    return Holding(
        resident=sum(process.memory_info().rss for process in processes),
        proportional=usage.pss_bytes(pids),
        processes=len(processes),
        zombies=sum(process.status() == psutil.STATUS_ZOMBIE for process in processes),
        files=sum(open_files(process) for process in processes),
    )


def open_files(process: psutil.Process) -> int:
    """Open files of a process; 0 for a confined server, which hides them from all users but root."""
    try:
        return int(process.num_fds())
    except psutil.AccessDenied:
        return 0


async def send(url: str, documents: Sequence[Document], wrong: Counter[str]) -> None:
    """Send the documents from six clients; unexpected answers are counted in ``wrong``."""
    waiting = iter(documents)

    async def client(session: aiohttp.ClientSession) -> None:
        for document in waiting:
            form = aiohttp.FormData()
            form.add_field("image_file", document.file, filename="file")
            address = f"{url}?{document.query}" if document.query else url
            async with session.post(address, data=form, headers={"Accept": document.accept}) as answer:
                body = await answer.read()
                if answer.status != document.status:
                    wrong[f"{document.name}: {answer.status} {body[:120]!r}"] += 1

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as session:
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))


def judge(held: Sequence[Holding], wrong: Counter[str], left: Sequence[str]) -> list[str]:
    """What is not as it should be; empty if all is well."""
    first, last = held[0], held[-1]
    growth = last.resident / first.resident - 1
    found = [f"{times} wrong answers, {answer}" for answer, times in wrong.items()]
    found += [f"left behind: {path}" for path in left]
    if growth > MOST_GROWTH:
        found.append(f"resident memory changed by {growth:+.1%} from the first {BATCH} pages to the end")
    if any(one.zombies for one in held):
        found.append("there were zombies")
    if last.processes != first.processes:
        found.append(f"{last.processes} processes at the end, {first.processes} after the first {BATCH} pages")
    if last.files > first.files + MOST_FILES:
        found.append(f"{last.files} open files at the end, {first.files} after the first {BATCH} pages")
    return found


def main() -> int:
    """The exit status: 0 if all is well."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--pages", type=int, default=int(os.environ.get("PAGES") or 2000))
    given = parser.parse_args()
    wrong: Counter[str] = Counter()
    held: list[Holding] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as logs, tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        shared = set(_SHARED_MEMORY.iterdir())
        with servers.service(logs=Path(logs), environment={"TMPDIR": scratch}) as service:
            done, began = 0, time.monotonic()
            for batch in batches(given.pages):
                asyncio.run(send(service.url, batch, wrong))
                done += sum(document.pages for document in batch)
                time.sleep(_SETTLE_SECONDS)
                held.append(now := holding(service.pids))
                print(
                    f"{done:6} pages, {time.monotonic() - began:5.0f} s: {now.resident / _MIB:.0f} MiB resident "
                    f"({now.proportional / _MIB:.0f} proportional), {now.processes} processes, {now.zombies} zombies, "
                    f"{now.files} open files, {wrong.total()} wrong answers",
                    flush=True,
                )
        left = [*Path(scratch).rglob("*"), *(set(_SHARED_MEMORY.iterdir()) - shared)]
    growth = held[-1].resident / held[0].resident - 1
    print(f"resident memory from the first {BATCH} pages to the end: {growth:+.1%} (asked: at most {MOST_GROWTH:+.0%})")
    complaints = judge(held, wrong, [str(path) for path in left])
    print(
        "\n".join(complaints) or "No wrong answer, no zombie, no process, no open file and no temporary file is left."
    )
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
