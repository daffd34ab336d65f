"""``python -m benchmarks.speed.order``: CPU time that reading order takes, for 1,000 words and beside recognition.

Layouts of 1,000 and 10,000 words are made without an image: columns of text and a table of numbers. One drawn A4 page
is recognized too, so that there is a ratio which does not depend on the machine. The fastest of ``ROUNDS`` (20) counts.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from benchmarks.common import images, machine
from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word, around
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.engines import base, worker
from predictor.tessdata import ModelDirectory
from transformer.structure.order.page_order import order_page

MOST: Final = 10.0
"""Milliseconds that 1,000 words may take on an idle core."""
_HEIGHT, _LEADING = 20, 30


def columns(words: int, *, count: int = 4) -> PageLayout:
    """Columns of running text, seven words a line."""
    return _page([[_line(7, 900 * place, row) for row in range(words // count // 7)] for place in range(count)])


def table(words: int, *, count: int = 20) -> PageLayout:
    """A table of numbers that the engine found column by column."""
    return _page([[_line(1, 160 * place, row, digits=True) for row in range(words // count)] for place in range(count)])


def _page(blocks: list[list[Line]]) -> PageLayout:
    made = []
    for lines in blocks:
        box = around(line.bbox for line in lines)
        made.append(Block(box, (Paragraph(box, tuple(lines)),)))
    x1, y1 = around(block.bbox for block in made)[2:]
    return PageLayout(x1 + 100, y1 + 100, tuple(made))


def _line(words: int, left: int, row: int, *, digits: bool = False) -> Line:
    chance = random.Random(f"{left} {row}")
    top = _LEADING * row
    found = []
    for _ in range(words):
        text = "".join(chance.choices("0123456789" if digits else "acemnorsuvwxz", k=chance.randint(3, 9)))
        found.append(Word(text, (left, top, left + 10 * len(text), top + _HEIGHT), 0.9))
        left += 10 * len(text) + 7
    box = around(word.bbox for word in found)
    return Line(box, tuple(found), (box[0], box[3], box[2], box[3]), _HEIGHT)


def recognized(sample: images.Sample) -> tuple[PageLayout, float]:
    """The layout of a page as the engine finds it, and the CPU seconds of recognizing it."""
    settings = base.EngineSettings("tesserocr", str(ModelDirectory.find("").path), 1, 100_000_000)
    handle = worker.start(settings, RecognitionOptions())
    job = worker.RecognitionJob(sample.pixels, RecognitionOptions(dpi=sample.dpi), layout=True)
    began = time.process_time()
    result = handle(job)
    seconds = time.process_time() - began
    assert not isinstance(result, Exception)
    assert result.layout is not None
    return result.layout, seconds


def fastest(run: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the fastest of some runs."""
    return min(_timed(run) for _ in range(rounds))


def _timed(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def measure(layouts: dict[str, PageLayout], rounds: int) -> Iterator[tuple[str, int, float]]:
    """For each layout its name, its words, and the milliseconds of CPU that 1,000 of them take."""
    for name, layout in layouts.items():
        words = sum(1 for _ in layout.iter_words())
        seconds = fastest(lambda layout=layout: order_page(layout), rounds)  # type: ignore[misc]
        yield name, words, seconds * 1e6 / words


def main() -> int:
    """The exit status: 0 if 1,000 words of each kind take no longer than they may."""
    rounds = int(os.environ.get("ROUNDS") or 20)
    page, seconds = recognized(images.page(0))
    layouts = {f"{draw.__name__}, {words}": draw(words) for draw in (columns, table) for words in (1_000, 10_000)}
    print(machine.describe())
    slowest = 0.0
    for name, words, milliseconds in measure({"drawn page": page, **layouts}, rounds):
        print(f"{name}: {words} words, {milliseconds:.1f} ms of CPU for 1,000", flush=True)
        if words < 5_000:
            slowest = max(slowest, milliseconds)
    print(
        f"of recognizing the drawn page: {fastest(lambda: order_page(page), rounds) / seconds:.2%}; asked: {MOST:g} ms"
    )
    return 0 if slowest <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
