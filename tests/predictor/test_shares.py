from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from predictor.engines import EngineSettings, Page, Part, Reading, Share, warm
from predictor.engines.dividing import Piece, assign
from predictor.engines.native import BLOCK, LINE, PARAGRAPH
from predictor.languages import ModelDirectory
from predictor.reader import PageReader
from predictor.settings import PredictorSettings
from predictor.shares import join, share_count
from protocol.layout import Block, Line, Paragraph, Word
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
    lengths = [sum(len(part.text) for part in share.parts) for share in shares if share is not None]
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


def test_a_block_of_one_paragraph_is_divided(engine: warm.WarmEngine) -> None:
    shares = [engine.read_share(PAGES["full"], ENGLISH, index=index, count=2, layout=False) for index in range(2)]
    parts = [part for share in shares if share is not None for part in share.parts]
    assert [(part.block, part.continues) for part in parts] == [(0, False), (0, True)]
    lengths = [len(part.text) for part in parts]
    assert min(lengths) > 0.8 * max(lengths)


@pytest.mark.parametrize("seed", range(3))
def test_wherever_a_block_is_divided_its_text_stays(engine: warm.WarmEngine, seed: int) -> None:
    page = np.asarray(full(seed=seed, size=20 + 3 * seed, lines=16 + 4 * seed, width=900 + 100 * seed)).copy()
    alone = engine.read(page, ENGLISH, layout=True)
    for count in (2, 3):
        shares = [engine.read_share(page, ENGLISH, index=index, count=count, layout=True) for index in range(count)]
        assert join(shares, page, layout=True) == alone


WHITE = np.full((100, 100), 255, np.uint8)


def lines(block: int, *lengths: int, kind: int = 1) -> list[Piece]:
    """Lines of a block whose cost is their length, without spaces and unlike enough that none is divided."""
    begins = [BLOCK, *[PARAGRAPH] * (len(lengths) - 1)]
    return [Piece(block, kind, start, (0, 0, length - 2, 1)) for start, length in zip(begins, lengths, strict=True)]


def test_the_costliest_blocks_are_dealt_out_first() -> None:
    pieces = [piece for block, cost in enumerate((3, 10, 5, 6)) for piece in lines(block, cost, 9 * cost)]
    assert assign(pieces, 2, WHITE) == [0, 0, 0, 0, 1, 1, 1, 1]
    assert assign([], 3, WHITE) == []
    assert set(assign(lines(0, 3, 4), 4, WHITE)) == {0}


def column_of(count: int, *, starts: tuple[int, ...] = (), ends: tuple[int, ...] = ()) -> tuple[list[Piece], Page]:
    """Lines of words ten wide with five between; ``starts`` are indented, ``ends`` leave room."""
    page = np.full((20 * count, 200), 255, np.uint8)
    pieces = []
    for number in range(count):
        x0, x1 = (40 if number in starts else 0), (120 if number in ends else 190)
        for x in range(x0, x1, 15):
            page[20 * number : 20 * number + 10, x : min(x + 10, x1) : 2] = 0
        pieces.append(Piece(0, 1, LINE if number else BLOCK, (x0, 20 * number, x1, 20 * number + 10)))
    return pieces, page


def test_a_divided_block_evens_the_shares_out() -> None:
    pieces, page = column_of(40)
    assert assign(pieces, 2, page) == [0] * 20 + [1] * 20
    assert assign(pieces, 4, page) == sorted([0, 1, 2, 3] * 10)
    beside = lines(1, 100, 100)
    found = assign(pieces + beside, 2, page)
    assert found[:40] == sorted(found[:40], reverse=found[0] == 1)
    assert 20 < max(found.count(0), found.count(1)) < 30


def test_no_share_begins_where_a_paragraph_might() -> None:
    pieces, page = column_of(40, starts=(20,), ends=(20,))
    assert assign(pieces, 2, page) == [0] * 22 + [1] * 18


@pytest.mark.parametrize("irregular", [{"starts": (5, 20, 30)}, {"ends": (4, 20, 30)}], ids=["indented", "room"])
def test_a_block_that_may_be_several_paragraphs_stays_whole(irregular: dict[str, tuple[int, ...]]) -> None:
    pieces, page = column_of(40, **irregular)
    assert set(assign(pieces, 2, page)) == {0}


def test_pictures_are_not_divided() -> None:
    pieces, page = column_of(40)
    assert set(assign([Piece(0, 10, piece.begins, piece.box) for piece in pieces], 2, page)) == {0}


def part(block: int, text: str, *, continues: bool = False, ends: bool = False) -> Part:
    return Part(block, text, (1.0, 0.5), (), continues, ends)


def test_blocks_are_joined_in_reading_order() -> None:
    page = PAGES["blank"]
    shares = [Share(3, (part(0, "a\n\n"), part(2, "c\n\n", ends=True))), Share(3, (part(1, "b\n\n", ends=True),))]
    assert join(shares, page, layout=False) == Reading("a\n\nb\n\nc\n", 0.75, None)


def test_what_follows_the_text_keeps_its_blank_line() -> None:
    assert join([Share(1, (part(0, "a\n\n"),)), Share(1, ())], PAGES["blank"], layout=False) == Reading(
        "a\n\n", 0.75, None
    )


def test_parts_of_a_block_become_one_paragraph() -> None:
    def line(y: int, x: int) -> Line:
        return Line((x, y, 90, y + 10), (Word("word", (x, y, 90, y + 10), 1.0),), (x, y + 9, 90, y + 9), 10.0)

    upper, lower = ((line(10, 5), line(30, 8)), (line(50, 2),))
    parts: list[Part] = []
    for rows, box in ((upper, (5, 10, 90, 40)), (lower, (2, 50, 90, 60))):
        block = Block(box, (Paragraph(box, rows),))
        parts.append(Part(0, "word\n" * len(rows) + "\n", (1.0,) * len(rows), (block,), bool(parts), ends=True))
    reading = join([Share(3, (found,)) for found in parts], PAGES["blank"], layout=True)
    assert reading is not None
    assert reading.text == "word\n" * 3
    assert reading.layout is not None
    whole = (2, 10, 90, 60)
    assert reading.layout.blocks == (Block(whole, (Paragraph(whole, upper + lower),)),)


@pytest.mark.parametrize(
    "shares",
    [
        [Share(1, (part(0, "a\n\n"),)), None],
        [Share(2, (part(0, "a\n\n"),)), Share(1, ())],
        [Share(1, (part(0, "a\n\n"),)), Share(1, (part(0, "a\n\n"),))],
        [Share(2, (part(0, "a\n\nb\n\n"),)), Share(2, (part(0, "c\n\n", continues=True),))],
        [Share(2, (part(0, "a\n\n"),)), Share(2, (part(1, "b\n\n", continues=True),))],
    ],
    ids=["one is missing", "other lines", "twice the same", "several paragraphs", "no beginning"],
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


def test_pages_that_come_together_are_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {"workers": 2}
    counts: list[int] = []

    async def share(_: PageReader, __: Any, count: int, *, deadline: float | None) -> None:
        counts.append(count)

    monkeypatch.setattr(PageReader, "_run_shared", share)

    async def main() -> None:
        reader = PageReader(PredictorSettings(**values))
        await reader.start()
        try:
            await asyncio.gather(*[reader.read(PAGES["full"], ENGLISH, layout=False) for _ in range(2)])
            assert counts == []
            await reader.read(PAGES["blank"], ENGLISH, layout=False)
            assert counts == [2]
        finally:
            await reader.stop(grace=0)

    asyncio.run(main())
