from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image, ImageDraw, ImageFont

from predictor.engines import Page, Reading, dividing, joining, sharing, warm
from predictor.engines.helpers import Helper
from predictor.reader import PageReader
from predictor.settings import PredictorSettings
from protocol import kin
from protocol.errors import TimedOutError
from protocol.parameters import ReadingOptions
from tests.predictor.test_engines import SETTINGS

ENGLISH = ReadingOptions()
WORDS = "the old mill stood by the river where two roads met and nobody knew who had built it or when".split()  # noqa: SIM905 - reads better


def paragraph(
    pen: ImageDraw.ImageDraw, x: int, y: int, *, lines: int, width: int, size: int = 26, start: int = 0
) -> int:
    """Draw a paragraph; the y below it."""
    font = ImageFont.load_default(size=size)
    number = start
    for line in range(lines):
        text = WORDS[number % len(WORDS)].capitalize() if line == 0 else WORDS[number % len(WORDS)]
        end = width if line < lines - 1 else width // 2
        while pen.textlength(f"{text} {WORDS[(number + 1) % len(WORDS)]}", font=font) < end:
            number += 1
            text += " " + WORDS[number % len(WORDS)]
        pen.text((x, y), text + ("." if line == lines - 1 else ""), font=font, fill=20)
        number += 1
        y += size * 3 // 2
    return y


def column() -> Image.Image:
    """One column: paragraphs with white between them."""
    image = Image.new("L", (1000, 1010), 240)
    pen = ImageDraw.Draw(image)
    y = 80
    for number, lines in enumerate((2, 3, 2, 3)):
        y = paragraph(pen, 80, y, lines=lines, width=820, start=number * 5) + 50
    return image


def columns() -> Image.Image:
    """A heading over two columns, a picture, and a rule."""
    image = Image.new("L", (1300, 1000), 255)
    pen = ImageDraw.Draw(image)
    top = paragraph(pen, 80, 40, lines=1, width=1600, size=48) + 30
    pen.line((60, top - 15, 1240, top - 15), fill=0, width=4)
    for x, sizes in ((80, (3, 4)), (680, (3, 2))):
        y = top
        for number, lines in enumerate(sizes):
            y = paragraph(pen, x, y, lines=lines, width=520, start=x + number) + 60
    noise = np.random.default_rng(5).integers(0, 255, (300, 400), np.uint8)
    image.paste(Image.fromarray(noise), (720, 650))
    return image


def solid() -> Image.Image:
    """One block: paragraphs told apart by their indentation only."""
    image = Image.new("L", (1000, 1010), 255)
    pen = ImageDraw.Draw(image)
    y = 60
    for number in range(2):
        first = paragraph(pen, 140, y, lines=1, width=1520, start=number)
        y = paragraph(pen, 80, first, lines=3, width=820, start=number + 9)
    return image


def scanned() -> Image.Image:
    """The column as a scanner might see it: askew, uneven, noisy."""
    image = column().rotate(0.7, fillcolor=240)
    light = np.linspace(-30, 10, image.width)[None, :] + np.random.default_rng(2).normal(0, 8, image.size[::-1])
    return Image.fromarray(np.clip(np.asarray(image) + light, 0, 255).astype(np.uint8))


def full(*, seed: int = 1, size: int = 30, lines: int = 24, width: int = 1200) -> Image.Image:
    """One paragraph: every line takes as many words as it can."""
    image = Image.new("L", (width, lines * size * 3 // 2 + 2 * size), 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=size)
    choose = np.random.default_rng(seed)
    word = str(choose.choice(WORDS)).capitalize()
    for number in range(lines):
        text = word
        while pen.textlength(f"{text} {(word := str(choose.choice(WORDS)))}", font=font) <= width - 4 * size:
            text += f" {word}"
        pen.text((2 * size, size + number * size * 3 // 2), text, font=font, fill=0)
    return image


PAGES: dict[str, Page] = {
    kind.__name__: np.asarray(kind()).copy() for kind in (column, columns, solid, scanned, full)
} | {"blank": np.full((1200, 1000), 255, np.uint8)}


@pytest.fixture(scope="module")
def engine() -> warm.WarmEngine:
    return warm.create(SETTINGS)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> list[joining.Share | None]:
    """Sharing is worth it however little help gains. What this process and its copies read is added here."""
    found: list[joining.Share | None] = []

    def join(shares: list[joining.Share | None], page: Page, *, layout: bool) -> Reading | None:
        found.extend(shares)
        return joining.join(shares, page, layout=layout)

    monkeypatch.setattr(sharing, "join", join)
    monkeypatch.setattr(dividing, "_WORTH_HELP", 1)
    return found


def shares_of(shared: list[joining.Share | None]) -> list[joining.Share]:
    return [share for share in shared if share is not None]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("kind", PAGES)
def test_processes_together_read_exactly_what_one_reads(
    engine: warm.WarmEngine, shared: list[joining.Share | None], kind: str, count: int
) -> None:
    page = PAGES[kind]
    alone = engine.read(page, ENGLISH, layout=True)
    assert shared == []
    assert engine.read(page, ENGLISH, layout=True, processes=count) == alone
    # One block that may be several paragraphs is left to one process, and a blank page has nothing to share.
    assert len(shared) == (0 if count == 1 else {"solid": 1, "blank": 1}.get(kind, count))
    assert engine.read(page, ENGLISH, layout=True) == alone


def test_each_process_reads_something_else(engine: warm.WarmEngine, shared: list[joining.Share | None]) -> None:
    engine.read(PAGES["column"], ENGLISH, layout=False, processes=2)
    lengths = [sum(len(part.text) for part in share) for share in shares_of(shared)]
    assert len(lengths) == 2
    assert min(lengths) > 0.7 * max(lengths)


def test_without_layout_the_text_is_the_same(engine: warm.WarmEngine, shared: list[joining.Share | None]) -> None:
    options = ReadingOptions(dpi=150)
    alone = engine.read(PAGES["columns"], options, layout=False)
    together = engine.read(PAGES["columns"], options, layout=False, processes=2)
    assert len(shared) == 2
    assert together.text == alone.text
    assert together.confidence == pytest.approx(alone.confidence)
    assert together.layout is None


def test_a_block_of_one_paragraph_is_divided(engine: warm.WarmEngine, shared: list[joining.Share | None]) -> None:
    engine.read(PAGES["full"], ENGLISH, layout=False, processes=2)
    parts = [part for share in shares_of(shared) for part in share]
    assert [(part.block, part.continues) for part in parts] == [(0, False), (0, True)]
    lengths = [len(part.text) for part in parts]
    assert min(lengths) > 0.8 * max(lengths)


@pytest.mark.parametrize("seed", range(3))
def test_wherever_a_block_is_divided_its_text_stays(
    engine: warm.WarmEngine, shared: list[joining.Share | None], seed: int
) -> None:
    page = np.asarray(full(seed=seed, size=20 + 3 * seed, lines=32 + 4 * seed, width=1500 + 100 * seed)).copy()
    alone = engine.read(page, ENGLISH, layout=True)
    for count in (2, 3):
        assert engine.read(page, ENGLISH, layout=True, processes=count) == alone
    assert len(shared) > 2


@pytest.mark.parametrize(
    ("options", "shape", "processes", "may"),
    [
        (ENGLISH, (1000, 1000), 2, True),
        (ENGLISH, (1000, 1000), 1, False),
        (ENGLISH, (1000, 1000), 0, False),
        (ENGLISH, (999, 1000), 4, False),
        (ReadingOptions(psm=6), (1000, 1000), 4, False),
        (ReadingOptions(oem=3), (1000, 1000), 4, False),
        (ReadingOptions(lang="eng+deu"), (1000, 1000), 4, False),
    ],
)
def test_only_large_ordinary_pages_are_shared(
    options: ReadingOptions, shape: tuple[int, int], processes: int, may: bool
) -> None:
    assert warm.may_share(np.zeros(shape, np.uint8), options, processes=processes) == may


@pytest.mark.parametrize("busy", [(1, 1), (0, 1)], ids=["from the start", "once the layout is known"])
def test_a_page_beside_others_is_not_shared(
    engine: warm.WarmEngine, shared: list[joining.Share | None], busy: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(busy)
    monkeypatch.setattr(kin, "others", lambda: next(answers))
    reading = engine.read(PAGES["full"], ENGLISH, layout=False, processes=2)
    assert reading.text.count("\n") >= 24
    assert len(shared) == busy.count(0)


def test_a_page_is_read_alone_if_a_copy_dies(engine: warm.WarmEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = engine.read(PAGES["full"], ENGLISH, layout=True)
    ended: list[int] = []

    class Dying(Helper[Any]):
        def __init__(self, _: Callable[[], Any]) -> None:
            super().__init__(lambda: os.kill(os.getpid(), signal.SIGKILL))
            ended.append(1)

    monkeypatch.setattr(sharing, "Helper", Dying)
    assert engine.read(PAGES["full"], ENGLISH, layout=True, processes=2) == alone
    assert ended == [1]


def test_a_page_is_read_alone_if_no_copy_can_be_made(
    engine: warm.WarmEngine, shared: list[joining.Share | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fork() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    alone = engine.read(PAGES["full"], ENGLISH, layout=True)
    monkeypatch.setattr(os, "fork", fork)
    assert engine.read(PAGES["full"], ENGLISH, layout=True, processes=2) == alone
    assert shared == [None]


def test_helpers_answer_or_tell_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Helper(lambda: "x" * 1_000_000) as large, Helper(lambda: 1 / 0) as failing:
        assert large.result() == "x" * 1_000_000
        assert failing.result() is None
    assert "ZeroDivisionError" in capfd.readouterr().err
    others = set(psutil.Process().children())
    with Helper(signal.pause):
        (waiting,) = set(psutil.Process().children()) - others
    assert not psutil.pid_exists(waiting.pid)


LARGE: Page = np.asarray(full(lines=80, width=1800)).copy()
"""Whose recognition takes a while."""


async def read(reader: PageReader, page: Page) -> Reading:
    return await reader.read(page, ENGLISH, layout=True)


def with_reader(scenario: Callable[[PageReader], Any], **values: Any) -> Any:
    """Run a scenario with two workers; nothing of them is left afterwards."""

    async def main() -> Any:
        settings: dict[str, Any] = {"workers": 2} | values
        reader = PageReader(PredictorSettings(**settings))
        await reader.start()
        try:
            return await scenario(reader)
        finally:
            await reader.stop(grace=0)

    others = set(psutil.Process().children(recursive=True))
    result = asyncio.run(main())
    assert set(psutil.Process().children(recursive=True)) <= others
    return result


async def helper_of(reader: PageReader) -> psutil.Process:
    """The first copy that a worker has made of itself."""
    while True:
        for pid in reader.pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                for helper in psutil.Process(pid).children():
                    return helper
        await asyncio.sleep(0.001)


def test_all_workers_read_what_one_reads() -> None:
    async def pages(reader: PageReader) -> list[Reading]:
        return [await read(reader, page) for page in (LARGE, PAGES["column"], PAGES["blank"])]

    assert with_reader(pages, split=True) == with_reader(pages, split=False)


def test_idle_workers_help_and_busy_ones_do_not() -> None:
    async def alone(reader: PageReader) -> None:
        reading = asyncio.ensure_future(read(reader, LARGE))
        await asyncio.wait_for(helper_of(reader), 30)
        await reading

    async def together(reader: PageReader) -> None:
        helper = asyncio.ensure_future(helper_of(reader))
        first, second = await asyncio.gather(read(reader, LARGE), read(reader, LARGE))
        assert first == second
        helper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            raise AssertionError(await helper)

    with_reader(alone)
    with_reader(together)


@pytest.mark.parametrize("whom", ["helper", "worker"])
def test_a_page_that_loses_a_process_is_read_all_the_same(whom: str) -> None:
    async def alone(reader: PageReader) -> Reading:
        return await read(reader, LARGE)

    async def hurt(reader: PageReader) -> Reading:
        reading = asyncio.ensure_future(read(reader, LARGE))
        helper = await helper_of(reader)
        (helper if whom == "helper" else helper.parent() or helper).kill()
        return await reading

    assert with_reader(hurt) == with_reader(alone, split=False)


def test_a_helper_that_hangs_is_ended_with_its_worker() -> None:
    async def hang(reader: PageReader) -> None:
        reading = asyncio.ensure_future(read(reader, LARGE))
        helper = await helper_of(reader)
        helper.suspend()
        with pytest.raises(TimedOutError, match="took longer than 3 s"):
            await reading
        assert (await read(reader, PAGES["column"])).text
        assert not helper.is_running()

    with_reader(hang, page_seconds=3)
