from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.protocol.errors import (
    InvalidParameterError,
    MalformedRequestError,
    OverloadedError,
    PageCrashedError,
    TimedOutError,
    TooManyPixelsError,
)
from kserve_ocr.protocol.layout import RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.workers.observer import PoolObserver, Restart
from kserve_ocr.workers.supervisor import WorkerStartError
from predictor.engines.base import Page
from predictor.image_file import MAX_SIDE
from predictor.page_reader import PageReader
from predictor.settings import PredictorSettings
from predictor.tessdata import ModelDirectoryError

ENGLISH = RecognitionOptions()


def draw(text: str, *, size: int = 28) -> Page:
    lines = text.splitlines()
    image = Image.new("L", (900, 60 + len(lines) * size * 3 // 2), 255)
    ImageDraw.Draw(image).multiline_text(
        (40, 30), text, font=ImageFont.load_default(size=size), fill=0, spacing=size // 2
    )
    return np.asarray(image).copy()


LINE = draw("The ferry leaves at seven")
LONG = draw("\n".join(["It rained on the hills and on the town below"] * 40))
ENDLESS = np.tile(LONG, (8, 1))
"""A page that takes so long that its worker is killed, or out of time, before it is read."""


class Restarts(PoolObserver):
    def __init__(self) -> None:
        self.reasons: list[Restart] = []

    def restarted(self, reason: Restart) -> None:
        self.reasons.append(reason)


def settings(**chosen: Any) -> PredictorSettings:
    return PredictorSettings(**chosen)


async def begun(reader: PageReader) -> None:
    """Return when the page is with a worker: a worker counts as busy some time before."""
    while not any(worker.jobs for worker in reader._pool._supervisor.workers):
        await asyncio.sleep(0.001)


def with_reader(scenario: Callable[[PageReader], Awaitable[None]], **chosen: Any) -> list[Restart]:
    """Run a scenario; the reasons for which workers were replaced."""
    observer = Restarts()

    async def main() -> None:
        reader = PageReader(settings(**{"workers": 1, **chosen}), observer=observer)
        states = [reader.ready]
        await reader.start()
        states.append(reader.ready)
        try:
            await scenario(reader)
        finally:
            await reader.stop(grace=0)
        assert [*states, reader.ready] == [False, True, False]

    asyncio.run(main())
    return observer.reasons


async def read(
    reader: PageReader, page: Page = LINE, options: RecognitionOptions = ENGLISH, **more: Any
) -> RecognitionResult:
    return await reader.recognize(page, options, **{"layout": False, **more})


@pytest.mark.parametrize("engine", ["tesserocr", "pytesseract"])
def test_reads_pages(engine: str) -> None:
    async def scenario(reader: PageReader) -> None:
        reading = await read(reader, layout=True)
        assert reading.text.strip() == "The ferry leaves at seven"
        assert reading.layout is not None
        assert [word.text for word in reading.layout.iter_words()] == ["The", "ferry", "leaves", "at", "seven"]

    assert with_reader(scenario, engine=engine) == []


def test_lists_installed_languages() -> None:
    async def scenario(reader: PageReader) -> None:
        assert {"deu", "eng", "osd"} <= set(reader.languages())
        with pytest.raises(InvalidParameterError, match=f"installed are {', '.join(reader.languages())}"):
            await read(reader, LINE, RecognitionOptions(lang="tlh"))

    with_reader(scenario)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((10, MAX_SIDE + 1), TooManyPixelsError),
        ((MAX_SIDE + 1, 10), TooManyPixelsError),
        ((0, 5), MalformedRequestError),
    ],
)
def test_refuses_sizes_that_tesseract_does_not_take(shape: tuple[int, int], kind: type[Exception]) -> None:
    async def scenario(reader: PageReader) -> None:
        with pytest.raises(kind):
            await read(reader, np.zeros(shape, np.uint8))

    assert with_reader(scenario) == []


def test_the_longest_sides_are_read() -> None:
    async def scenario(reader: PageReader) -> None:
        await read(reader, np.full((8, MAX_SIDE), 255, np.uint8))
        await read(reader, np.full((MAX_SIDE, 8), 255, np.uint8))

    assert with_reader(scenario) == []


@pytest.mark.parametrize("engine", ["tesserocr", pytest.param("pytesseract", marks=pytest.mark.long)])
def test_a_page_whose_worker_is_killed_is_read_on_a_fresh_one(engine: str) -> None:
    async def scenario(reader: PageReader) -> None:
        reading = asyncio.ensure_future(read(reader, LONG))
        await begun(reader)
        os.kill(reader.pids[0], signal.SIGKILL)
        assert (await reading).text.count("hills") == 40

    assert with_reader(scenario, engine=engine) == ["crash"]


def test_a_page_that_kills_twice_is_named_and_the_next_one_is_read() -> None:
    async def scenario(reader: PageReader) -> None:
        reading = asyncio.ensure_future(read(reader, ENDLESS))
        first = reader.pids[0]
        await begun(reader)
        os.kill(first, signal.SIGKILL)
        while first in reader.pids:
            await asyncio.sleep(0.001)
        await begun(reader)
        os.kill(reader.pids[0], signal.SIGKILL)
        with pytest.raises(PageCrashedError, match="SIGKILL"):
            await reading
        assert "ferry" in (await read(reader)).text

    assert with_reader(scenario) == ["crash", "crash"]


def test_a_stopped_worker_times_out_and_the_next_page_is_read() -> None:
    async def scenario(reader: PageReader) -> None:
        os.kill(reader.pids[0], signal.SIGSTOP)
        with pytest.raises(TimedOutError):
            await read(reader, seconds=0.5)
        assert "ferry" in (await read(reader)).text

    assert with_reader(scenario) == ["timeout"]


def test_a_page_over_its_time_is_given_up() -> None:
    async def scenario(reader: PageReader) -> None:
        with pytest.raises(TimedOutError, match="the page was not recognized"):
            await read(reader, ENDLESS)
        assert "ferry" in (await read(reader)).text

    assert with_reader(scenario, page_seconds=0.2) == ["timeout"]


def test_a_page_that_needs_more_memory_than_allowed_fails_alone() -> None:
    async def scenario(reader: PageReader) -> None:
        with pytest.raises(PageCrashedError):
            await read(reader, np.tile(np.arange(200, dtype=np.uint8), (20_000, 100)))
        assert "ferry" in (await read(reader)).text

    assert with_reader(scenario) == ["crash", "crash"]


def test_an_overfull_queue_refuses_and_answers_the_rest() -> None:
    async def scenario(reader: PageReader) -> None:
        answers = await asyncio.gather(*(read(reader) for _ in range(2 + 20 * 2)), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, OverloadedError)]
        assert [error for error in refused if not error.retry_after or not 1 <= error.retry_after <= 60] == []
        texts = {answer.text for answer in answers if isinstance(answer, RecognitionResult)}
        assert len(answers) - len(refused) == 3
        assert len(texts) == 1

    assert with_reader(scenario, max_queue=2) == []


def test_stopping_answers_every_admitted_page() -> None:
    async def main() -> None:
        reader = PageReader(settings(workers=2))
        await reader.start()
        pages = [asyncio.ensure_future(read(reader)) for _ in range(20)]
        await asyncio.sleep(0)
        await reader.stop(grace=60)
        assert len({(await page).text for page in pages}) == 1

    asyncio.run(main())


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.long), 3])
def test_a_page_reads_the_same_in_any_order_on_any_number_of_workers(size: int) -> None:
    jobs = [
        (LINE, ENGLISH),
        (draw("Größe und Übermut\nan der Straße", size=20), RecognitionOptions(lang="deu", psm=6)),
        (draw("l1I 0O 5S", size=14), RecognitionOptions(dpi=200)),
        (draw("mmm www nnn", size=40), RecognitionOptions(psm=7)),
    ]

    async def scenario(reader: PageReader) -> None:
        alone = [await read(reader, *job) for job in jobs]
        order = list(range(len(jobs))) * 5
        random.Random(size).shuffle(order)
        for number, again in zip(order, await asyncio.gather(*(read(reader, *jobs[n]) for n in order)), strict=True):
            assert again == alone[number]

    with_reader(scenario, workers=size, language_cache_size=1)


def test_workers_are_recycled_without_losing_a_page() -> None:
    async def scenario(reader: PageReader) -> None:
        assert len({(await read(reader)).text for _ in range(7)}) == 1

    assert with_reader(scenario, worker_max_jobs=2) == ["recycled_jobs"] * 3


def test_a_missing_default_language_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ModelDirectoryError):
        PageReader(settings(tessdata=str(tmp_path)))
    with pytest.raises(InvalidParameterError, match="tlh"):
        asyncio.run(PageReader(settings(default_lang="tlh")).start())


def test_a_damaged_model_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "eng.traineddata").write_bytes(b"not a model")
    with pytest.raises(WorkerStartError, match="eng"):
        asyncio.run(PageReader(settings(tessdata=str(tmp_path), workers=1)).start())


def test_a_crashed_command_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def scenario(reader: PageReader) -> None:
        reading = asyncio.ensure_future(read(reader, LONG))
        while not [file for file in tmp_path.rglob("tess_*") if file.stat().st_size]:
            await asyncio.sleep(0.001)
        reading.cancel()
        await asyncio.wait([reading])
        while list(tmp_path.rglob("tess_*")):
            await asyncio.sleep(0.01)
        assert "ferry" in (await read(reader)).text

    assert with_reader(scenario, engine="pytesseract") == ["cancelled"]
    assert list(tmp_path.iterdir()) == []
