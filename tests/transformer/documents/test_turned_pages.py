"""Pages in eight scripts, of many layouts, turned by quarter turns: each is read the right way up.

The suite draws a few layouts of each script; ``make orientation`` draws all thirty.
"""

from __future__ import annotations

import json
import os
from itertools import product

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.support.drawn_pages import encode
from tests.support.http_calls import outputs_of, upload
from tests.support.scripts import SAMPLES
from tools.local_stack import Server, Service

EVERYTHING = os.environ.get("OCR_EVERY_LAYOUT") == "1"
SCRIPTS = ("eng", "rus", "ell", "heb", "ara", "hin", "tha", "kor")
LONG = ("ell", "heb", "ara", "hin", "tha", "kor")
SIZES = (20, 32, 48)
KINDS = ("lines", "paragraphs", "columns", "list", "indented")
LENGTHS = (4, 12)
LAYOUTS = list(product(KINDS, SIZES, LENGTHS))
"""Kind, height of letters and lines of text."""
SOME = LAYOUTS[7::11]
HARD = {("hin", 1): ("list", 48, 12), ("hin", 3): ("list", 20, 12), ("kor", 1): ("lines", 32, 4)}
"""Layouts that the suite draws too, by language and turn: the engine reads lines downwards or upwards there."""


@pytest.fixture
def server(service: Service) -> Server:
    return service.transformer


def draw(lang: str, kind: str, size: int, length: int) -> Image.Image:
    """A page of the script in a layout, upright."""
    sample = SAMPLES[lang]
    font = ImageFont.truetype(sample.font, size)
    texts = [sample.lines[number % len(sample.lines)] for number in range(length)]
    across = round(max(map(font.getlength, sample.lines)))
    columns = 2 if kind == "columns" else 1
    image = Image.new("L", (columns * (across + 3 * size) + 3 * size, (2 * length + 4) * size), 255)
    pen = ImageDraw.Draw(image)
    for number, text in enumerate(texts):
        label = f"{number + 1}. " if kind == "list" else ""
        down = 2 * size + number * 2 * size + (number // 4 * size // 2 if kind == "paragraphs" else 0)
        for column in range(columns):
            left = 2 * size + column * (across + 3 * size) + (size * (number % 3) if kind == "indented" else 0)
            place, anchor = ((left + across, down), "ra") if sample.rtl else ((left, down), "la")
            pen.text(place, label + text, font=font, fill=0, anchor=anchor)
    return image


@pytest.mark.parametrize("turned", range(4))
@pytest.mark.parametrize(
    "lang", [pytest.param(lang, marks=[pytest.mark.long] if lang in LONG else []) for lang in SCRIPTS]
)
def test_pages_are_read_the_right_way_up(server: Server, lang: str, turned: int) -> None:
    wrong = []
    some = [*SOME[turned % 2 :: 2], *([HARD[lang, turned]] if (lang, turned) in HARD else [])]
    for kind, size, length in LAYOUTS if EVERYTHING else some:
        page = draw(lang, kind, size, length).rotate(90 * turned, expand=True)
        words = json.loads(outputs_of(upload(server, encode(page), lang=lang, outputs="words"))["words"][0])
        rotation = words["pages"][0]["rotation"]
        if rotation != 90 * turned:
            wrong.append((kind, size, length, rotation))

    assert not wrong
