"""``python -m benchmarks.chaos --seconds 480``: twelve clients, while workers and fork servers are killed and stopped.

First each document is read once in peace. Then clients send them by turns, and what they get must be that, or an error
that the API documents for lost work: 422 and 502 (the page lost two workers), 503, 504 (a stopped worker ran out of
time). The exit status says whether nothing else came, little failed, every document is read again afterwards, and no
process, zombie, open file, memory file or temporary file is left.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
import orjson
import psutil

from benchmarks.common import images, servers
from benchmarks.soak import MOST_FILES, Document, Holding, deck, holding

CLIENTS: Final = 12
_DOCUMENTED: Final = frozenset({422, 502, 503, 504})
_MOST_FAILURES: Final = 0.05
_PAUSE_SECONDS: Final = 3.0
"""On average between two killed workers."""
_STOPPED, _FORK_SERVERS = 2, 4
"""How often a worker is stopped, and a fork server killed."""
_SETTLE_SECONDS: Final = 40.0
"""Until the connections between the servers are closed, which are kept for 30 s."""
_SETTINGS: Final = {"OCR_PAGE_SECONDS": "10", "OCR_DECODE_SECONDS": "10"}
"""Stopped workers are given up after this time."""
_MIB: Final = 1 << 20

Answers = Counter[str]
"""How often each of "right", "wrong" and a status came."""


def documents() -> list[Document]:
    """What is sent: the documents of the endurance test that are read, each once, and a page that takes a while."""
    unlike = {(document.file, document.query, document.accept): document for document in deck()}
    readable = [document for document in unlike.values() if document.status == 200 and "pdf" not in document.accept]
    return [*readable, Document("long page", images.page(1).file)]


async def fetch(session: aiohttp.ClientSession, url: str, document: Document) -> tuple[int, bytes]:
    """Status and content of the answer to a document; of JSON the outputs only, as the rest names the request."""
    form = aiohttp.FormData()
    form.add_field("image_file", document.file, filename="file")
    async with session.post(f"{url}?{document.query}", data=form, headers={"Accept": document.accept}) as answer:
        body = await answer.read()
    if answer.status == 200 and document.accept == "application/json":
        body = orjson.dumps(orjson.loads(body)["outputs"])
    return answer.status, body


async def send(
    url: str, expected: Mapping[int, bytes], sent: Sequence[Document], *, seconds: float, answers: Answers
) -> None:
    """Twelve clients, each sending one document after the other until the time is over."""
    end = time.monotonic() + seconds
    numbers = itertools.cycle(range(len(sent)))

    async def client(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            if time.monotonic() > end:
                return
            status, body = await fetch(session, url, sent[number])
            answers[("right" if body == expected[number] else "wrong") if status == 200 else str(status)] += 1

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=300)) as session:
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))


async def read_all(url: str, sent: Sequence[Document]) -> dict[int, bytes]:
    """The answer to each document, by its number. Raises RuntimeError for one that is not read."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for number, document in enumerate(sent):
            status, found[number] = await fetch(session, url, document)
            if status != 200:
                raise RuntimeError(f"{document.name} is answered {status}: {found[number][:200]!r}")
    return found


async def disturb(pids: Sequence[int], *, seconds: float, seed: int) -> Counter[str]:
    """Kill a worker every few seconds, and now and then stop one or kill a fork server; how often each was done."""
    choose = random.Random(seed)
    done: Counter[str] = Counter()
    end = time.monotonic() + seconds
    rarer = [(choose.uniform(0.1, 0.9), "stopped workers") for _ in range(_STOPPED)]
    rarer += [(choose.uniform(0.1, 0.9), "killed fork servers") for _ in range(_FORK_SERVERS)]
    rarer.sort(reverse=True)
    while (left := end - time.monotonic()) > 0:
        fault = "killed workers"
        if rarer and 1 - left / seconds > rarer[-1][0]:
            _, fault = rarer.pop()
        fork_servers = [child for pid in pids for child in psutil.Process(pid).children()]
        found = fork_servers if fault == "killed fork servers" else _children(fork_servers)
        if found:
            with suppress(ProcessLookupError):
                number = signal.SIGSTOP if fault == "stopped workers" else signal.SIGKILL
                os.kill(choose.choice(found).pid, number)
                done[fault] += 1
        await asyncio.sleep(choose.uniform(0.5, 1.5) * _PAUSE_SECONDS)
    return done


def _children(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found += process.children()
    return found


def failures(answers: Answers, before: Holding, after: Holding, left: Sequence[str]) -> list[str]:
    """What is not as it should be; empty if all is well."""
    found = [f"left behind: {path}" for path in left]
    if answers["wrong"]:
        found.append(f"{answers['wrong']} wrong answers")
    found += [
        f"{times} times {answer}, which is not documented for a lost worker"
        for answer, times in answers.items()
        if answer.isdigit() and int(answer) not in _DOCUMENTED
    ]
    failed = answers.total() - answers["right"]
    if failed > _MOST_FAILURES * answers.total():
        found.append(f"{failed} of {answers.total()} answers were not right, over {_MOST_FAILURES:.0%}")
    if after.zombies:
        found.append(f"{after.zombies} zombies")
    if after.processes != before.processes:
        found.append(f"{after.processes} processes at the end, {before.processes} before")
    if after.files > before.files + MOST_FILES:
        found.append(f"{after.files} open files at the end, {before.files} before")
    return found


async def _run(service: servers.Running, *, seconds: float, seed: int, answers: Answers) -> tuple[Holding, Holding]:
    sent = documents()
    expected = await read_all(service.url, sent)
    await asyncio.sleep(_SETTLE_SECONDS)
    before = holding(service.pids)
    _, done = await asyncio.gather(
        send(service.url, expected, sent, seconds=seconds, answers=answers),
        disturb(service.pids, seconds=seconds, seed=seed),
    )
    print(", ".join(f"{times} {fault}" for fault, times in sorted(done.items())), flush=True)
    if await read_all(service.url, sent) != expected:
        answers["wrong"] += 1
    await asyncio.sleep(_SETTLE_SECONDS)
    return before, holding(service.pids)


def main() -> int:
    """The exit status: 0 if all is well."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos")
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("SECONDS") or 480))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 0))
    given = parser.parse_args()
    answers: Answers = Counter()
    with tempfile.TemporaryDirectory(prefix="chaos-") as logs, tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        with servers.service(logs=Path(logs), environment={"TMPDIR": scratch, **_SETTINGS}) as service:
            before, after = asyncio.run(_run(service, seconds=given.seconds, seed=given.seed, answers=answers))
        left = [str(path) for path in Path(scratch).rglob("*")]
    print(f"{answers.total()} answers from {CLIENTS} clients: {dict(answers.most_common())}")
    print(
        f"resident memory {before.resident / _MIB:.0f} MiB before and {after.resident / _MIB:.0f} after, "
        f"{after.processes} processes"
    )
    found = failures(answers, before, after, left)
    print("\n".join(found) or "No wrong answer, no undocumented error, nothing left behind.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
