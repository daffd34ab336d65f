"""Documents made to break decoders: each gives pages or a 4xx with a message, in little memory, and no dead worker."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from benchmarks.common.sample_files import drawing
from kserve_ocr.protocol.errors import OcrError
from tests.support.drawn_pages import encode
from tests.transformer.decoding.hostile_files import hostile_files
from transformer.pipeline.decode_pool import DecodeOptions, DecodePool
from transformer.settings import TransformerSettings

MOST_MEBIBYTES = 640
"""Of all three workers together; a page of 81 megapixels takes 443 while it is prepared."""
POSTERS = ("png-bomb", "tiff-bomb")
"""Files of 1.6 gigapixels in black and white, which are drawn at a lower resolution."""


def running() -> Iterator[tuple[asyncio.Runner, DecodePool]]:
    settings = TransformerSettings(decode_workers=2, decode_seconds=20)
    with asyncio.Runner() as runner:
        started = DecodePool(settings)
        runner.run(started.start())
        yield runner, started
        runner.run(started.stop(grace=5))


@pytest.fixture(scope="module")
def reader() -> Iterator[tuple[asyncio.Runner, DecodePool]]:
    yield from running()


@pytest.fixture
def unused_reader() -> Iterator[tuple[asyncio.Runner, DecodePool]]:
    yield from running()


def peak_mebibytes(pid: int) -> int:
    """The most memory that a process has ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


async def answer(decoders: DecodePool, document: bytes) -> tuple[int, int | str]:
    """200 and the number of pages, or an error's status and message."""
    try:
        async with aclosing(decoders.pages(document, DecodeOptions(existing="skip"))) as pages:
            return 200, len([page async for page in pages])
    except OcrError as error:
        return error.status, error.message


DOCUMENTS = hostile_files()


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in POSTERS])
def test_gives_pages_or_a_sentence(name: str, reader: tuple[asyncio.Runner, DecodePool]) -> None:
    check(DOCUMENTS[name], *reader)


@pytest.mark.long
@pytest.mark.parametrize("name", POSTERS)
def test_a_poster_stays_within_the_memory_of_a_worker(
    name: str, unused_reader: tuple[asyncio.Runner, DecodePool]
) -> None:
    check(DOCUMENTS[name], *unused_reader, mebibytes=1536)


def check(document: bytes, runner: asyncio.Runner, decoders: DecodePool, *, mebibytes: int = MOST_MEBIBYTES) -> None:
    """The document has an answer within the limits, and the same workers then read a good one."""
    workers = decoders.pids
    status, found = runner.run(answer(decoders, document))
    if isinstance(found, str):
        assert 400 <= status < 500, found
        assert re.search(r"; (send|save|export) ", found), found
    else:
        assert found >= 1
    assert decoders.pids == workers, "a worker had to be replaced"
    assert sum(peak_mebibytes(pid) for pid in workers) < mebibytes
    assert runner.run(answer(decoders, encode(drawing()))) == (200, 1)
