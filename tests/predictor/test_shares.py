from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from predictor.engines import EngineSettings, Page, Reading, Share, SharedBlock, warm
from predictor.engines.sharing import assign
from predictor.languages import ModelDirectory
from predictor.reader import PageReader
from predictor.settings import PredictorSettings
from predictor.shares import join, share_count
from protocol.parameters import ReadingOptions

ENGLISH = ReadingOptions()
SETTINGS = EngineSettings("tesserocr", str(ModelDirectory.find("").path), 2, 100_000_000)
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


PAGES: dict[str, Page] = {kind.__name__: np.asarray(kind()).copy() for kind in (column, columns, solid, scanned)} | {
    "blank": np.full((1200, 1000), 255, np.uint8)
}


@pytest.fixture(scope="module")
def engine() -> warm.WarmEngine:
    return warm.create(SETTINGS)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("kind", PAGES)
def test_shares_make_up_exactly_the_page_that_one_worker_reads(engine: warm.WarmEngine, kind: str, count: int) -> None:
    page = PAGES[kind]
    alone = engine.read(page, ENGLISH, layout=True)
    shares = [engine.read_share(page, ENGLISH, index=index, count=count, layout=True) for index in range(count)]
    assert join(shares, page, layout=True) == alone
    assert engine.read(page, ENGLISH, layout=True) == alone


def test_each_share_reads_something_else(engine: warm.WarmEngine) -> None:
    shares = [engine.read_share(PAGES["column"], ENGLISH, index=index, count=2, layout=False) for index in range(2)]
    lengths = [sum(len(block.text) for block in share.read) for share in shares if share is not None]
    assert len(lengths) == 2
    assert min(lengths) > 0.7 * max(lengths)


def test_shares_without_layout_read_the_same_text(engine: warm.WarmEngine) -> None:
    page = PAGES["columns"]
    options = ReadingOptions(dpi=150)
    shares = [engine.read_share(page, options, index=index, count=2, layout=False) for index in range(2)]
    alone = engine.read(page, options, layout=False)
    together = join(shares, page, layout=False)
    assert together is not None
    assert together.text == alone.text
    assert together.confidence == pytest.approx(alone.confidence)
    assert together.layout is None


def test_the_costliest_blocks_are_dealt_out_first() -> None:
    assert assign([1, 8, 3, 4], 2) == [1, 0, 1, 1]
    assert assign([5, 5, 5], 2) == [0, 1, 0]
    assert assign([], 3) == []
    assert assign([2.0], 4) == [0]


def block(number: int, text: str) -> SharedBlock:
    return SharedBlock(number, text, (1.0, 0.5), ())


def test_blocks_are_joined_in_reading_order() -> None:
    page = PAGES["blank"]
    shares = [Share(3, (block(0, "a\n\n"), block(2, "c\n"))), Share(3, (block(1, "b\n\n"),))]
    assert join(shares, page, layout=False) == Reading("a\n\nb\n\nc\n", 0.75, None)


@pytest.mark.parametrize(
    "shares",
    [
        [Share(1, (block(0, "a"),)), None],
        [Share(2, (block(0, "a"),)), Share(1, ())],
        [Share(1, (block(0, "a"),)), Share(1, (block(0, "a"),))],
    ],
)
def test_shares_that_do_not_fit_together_are_refused(shares: list[Share | None]) -> None:
    assert join(shares, PAGES["blank"], layout=False) is None


@pytest.mark.parametrize(
    ("options", "shape", "idle", "queued", "count"),
    [
        (ENGLISH, (1000, 1000), 2, 0, 2),
        (ENGLISH, (1000, 1000), 64, 0, 8),
        (ENGLISH, (1000, 1000), 1, 0, 1),
        (ENGLISH, (1000, 1000), 0, 0, 1),
        (ENGLISH, (1000, 1000), 4, 1, 1),
        (ENGLISH, (999, 1000), 4, 0, 1),
        (ReadingOptions(psm=6), (1000, 1000), 4, 0, 1),
        (ReadingOptions(oem=3), (1000, 1000), 4, 0, 1),
        (ReadingOptions(lang="eng+deu"), (1000, 1000), 4, 0, 1),
    ],
)
def test_only_idle_workers_share_large_ordinary_pages(
    options: ReadingOptions, shape: tuple[int, int], idle: int, queued: int, count: int
) -> None:
    assert share_count(np.zeros(shape, np.uint8), options, idle=idle, queued=queued) == count


async def with_two_workers(*, split: bool, kill: bool = False) -> list[Reading]:
    """Two pages, read on two workers, one page after the other."""
    values: dict[str, Any] = {"workers": 2, "split": split}
    reader = PageReader(PredictorSettings(**values))
    await reader.start()
    try:
        readings = []
        for page in (PAGES["column"], PAGES["blank"]):
            reading = asyncio.ensure_future(reader.read(page, ENGLISH, layout=True))
            if kill:
                await asyncio.sleep(0.05)
                os.kill(reader.pids[0], signal.SIGKILL)
            readings.append(await reading)
        return readings
    finally:
        await reader.stop(grace=0)


def test_all_workers_read_what_one_reads() -> None:
    alone = asyncio.run(with_two_workers(split=False))
    together = asyncio.run(with_two_workers(split=True))
    assert together == alone


def test_a_page_that_loses_a_worker_is_read_by_another() -> None:
    alone = asyncio.run(with_two_workers(split=False))
    together = asyncio.run(with_two_workers(split=True, kill=True))
    assert together == alone


def test_pages_under_load_are_not_shared() -> None:
    values: dict[str, Any] = {"workers": 2}

    async def main() -> None:
        reader = PageReader(PredictorSettings(**values))
        await reader.start()
        try:
            pages = [reader.read(PAGES["solid"], ENGLISH, layout=False) for _ in range(4)]
            texts = {reading.text for reading in await asyncio.gather(*pages)}
            assert len(texts) == 1
        finally:
            await reader.stop(grace=0)

    asyncio.run(main())
