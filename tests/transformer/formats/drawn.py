"""Pages drawn here, with the place of every word, and what the real Tesseract reads on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word

# Threads of Tesseract's own slow it down; the variable is read when the library is loaded.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import tesserocr

from predictor.engines.tesserocr_layout import page_layout
from predictor.tessdata import ModelDirectory

TEXT = (
    "The transformer decodes every page",
    "and keeps the place of each word,",
    "so that gypsy jokes & <tags> fit.",
)


def draw(
    lines: tuple[str, ...] = TEXT, *, size: tuple[int, int] = (1000, 500), height: int = 40
) -> tuple[Image.Image, list[tuple[str, Box]]]:
    """A grey page with the lines on it, and the ink box of every word."""
    page = Image.new("L", size, 255)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=height)
    words = []
    for row, line in enumerate(lines):
        x, y = 80.0, 60 + row * 2 * height
        for word in line.split():
            ink = Image.new("L", size, 0)
            ImageDraw.Draw(ink).text((x, y), word, font=font, fill=255)
            page.paste(0, mask=ink)
            box = ink.point(lambda value: 255 * (value > 127)).getbbox()
            assert box is not None
            words.append((word, box))
            x += pen.textlength(word + " ", font=font)
    return page, words


@contextmanager
def recognised(page: Image.Image) -> Iterator[tesserocr.PyTessBaseAPI]:
    """Tesseract after it has read the page."""
    models = str(ModelDirectory.find("").path)
    with tesserocr.PyTessBaseAPI(path=models, lang="eng", oem=1, psm=3) as api:
        api.SetImage(page)
        api.Recognize()
        yield api


def read(page: Image.Image) -> PageLayout:
    """The layout of the page as Tesseract reads it."""
    with recognised(page) as api:
        return page_layout(api.GetIterator(), width=page.width, height=page.height)


def line(text: str, *, x: int = 100, y: int = 200, advance: int = 20) -> Line:
    """A level line on baseline ``y``; letters are ``advance`` wide and reach from 30 above it to 8 below."""
    words = []
    for part in text.split(" "):
        right = x + advance * len(part)
        words.append(Word(part, (x, y - 30, right, y + 8), 0.9))
        x = right + advance
    box = (words[0].bbox[0], y - 30, words[-1].bbox[2], y + 8)
    return Line(box, tuple(words), (float(box[0]), float(y), float(box[2]), float(y)), 40.0)


def layout(*lines: Line, width: int = 1200, height: int = 800) -> PageLayout:
    """A page of one block and one paragraph."""
    box = (0, 0, width, height)
    return PageLayout(width, height, (Block(box, (Paragraph(box, lines),)),) if lines else ())
