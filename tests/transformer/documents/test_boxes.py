"""Word boxes of prepared pages, through the running service: they lie on the words of the page as it was sent."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from difflib import SequenceMatcher

import numpy as np
import pytest
from PIL import ExifTags, Image

from kserve_ocr.protocol.layout import Box
from tests.support.drawn_pages import encode
from tests.support.http_calls import outputs_of, upload, words_of
from tests.transformer.formats import drawn
from tools.local_stack import Service

LINES = (
    "It was late in the evening when two travellers",
    "reached the little town on the other side of the",
    "hills and asked for a room with a fire and for",
    "something hot to eat before they would talk about",
    "their long journey through the empty country, and",
    "about the people whom they had met on their way.",
    "The host listened for a while, put another log on",
    "the fire and brought them bread, cheese and wine.",
)

Word = tuple[str, Box]
Move = Callable[[float, float], tuple[float, float]]
Sent = tuple[bytes, tuple[int, int], list[Word]]


@pytest.fixture(scope="module")
def page() -> tuple[Image.Image, list[Word]]:
    return drawn.draw(LINES, size=(1200, 900))


def moved(words: list[Word], move: Move) -> list[Word]:
    """The words with the boxes around their boxes' corners in another place."""
    found = []
    for text, (x0, y0, x1, y1) in words:
        points = np.array([move(x, y) for x, y in ((x0, y0), (x1, y0), (x0, y1), (x1, y1))])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        found.append((text, (round(left), round(top), round(right), round(bottom))))
    return found


def as_it_is(page: Image.Image, words: list[Word]) -> Sent:
    return encode(page), page.size, words


def skewed(degrees: float) -> Callable[[Image.Image, list[Word]], Sent]:
    """Turned counterclockwise around its middle."""

    def send(page: Image.Image, words: list[Word]) -> Sent:
        image = page.rotate(degrees, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=255)
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

        def move(x: float, y: float) -> tuple[float, float]:
            x, y = x - page.width / 2, y - page.height / 2
            return cos * x + sin * y + image.width / 2, cos * y - sin * x + image.height / 2

        return encode(image), image.size, moved(words, move)

    return send


def turned(quarter_turns: int) -> Callable[[Image.Image, list[Word]], Sent]:
    """Lying on a side, or upside down."""
    return skewed(90.0 * quarter_turns)


def scaled(factor: float) -> Callable[[Image.Image, list[Word]], Sent]:
    def send(page: Image.Image, words: list[Word]) -> Sent:
        size = round(page.width * factor), round(page.height * factor)
        image = page.resize(size, Image.Resampling.LANCZOS)
        return encode(image), size, moved(words, lambda x, y: (x * factor, y * factor))

    return send


def by_exif(orientation: int, transpose: Image.Transpose) -> Callable[[Image.Image, list[Word]], Sent]:
    """Stored turned, with a note how to turn it back: boxes are those of the page as viewers show it."""

    def send(page: Image.Image, words: list[Word]) -> Sent:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        return encode(page.transpose(transpose), "JPEG", quality=95, exif=exif), page.size, words

    return send


def uneven(page: Image.Image, words: list[Word]) -> Sent:
    """Badly lit, skewed and small, all at once."""
    size = round(page.width * 0.6), round(page.height * 0.6)
    light = np.linspace(1.0, 0.5, size[0])[None, :] * np.linspace(1.0, 0.8, size[1])[:, None]
    dim = Image.fromarray((np.asarray(page.resize(size)) * light).astype(np.uint8))
    return skewed(2.0)(dim, moved(words, lambda x, y: (x * 0.6, y * 0.6)))


KINDS = {
    "as it is": as_it_is,
    "skewed by 3": skewed(3.0),
    "skewed by -5": skewed(-5.0),
    "on its left side": turned(1),
    "upside down": turned(2),
    "on its right side": turned(3),
    "small": scaled(0.4),
    "large": scaled(2.5),
    "EXIF 3": by_exif(3, Image.Transpose.ROTATE_180),
    "EXIF 6": by_exif(6, Image.Transpose.ROTATE_90),
    "EXIF 8": by_exif(8, Image.Transpose.ROTATE_270),
    "EXIF 5": by_exif(5, Image.Transpose.TRANSPOSE),
    "badly lit, skewed and small": uneven,
}


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_lie_on_the_drawn_words(service: Service, page: tuple[Image.Image, list[Word]], kind: str) -> None:
    data, size, words = KINDS[kind](*page)
    answer = outputs_of(upload(service.transformer, data, outputs="words"))
    (found,) = json.loads(answer["words"][0])["pages"]
    assert (found["width"], found["height"]) == size
    read = [(word["text"], word["bbox"]) for word in words_of(found)]
    matcher = SequenceMatcher(None, [text for text, _ in words], [text for text, _ in read], autojunk=False)
    pairs = [(run.a + step, run.b + step) for run in matcher.get_matching_blocks() for step in range(run.size)]
    assert len(pairs) >= 0.95 * len(words)
    # Tesseract sometimes places a word of one letter beside its true position, on pages that need no preparation too.
    pairs = [(one, other) for one, other in pairs if len(words[one][0]) > 1]
    slack = max(3.0, 0.01 * max(size))
    for drawn_at, read_at in pairs:
        text, box = words[drawn_at]
        away = max(abs(one - other) for one, other in zip(box, read[read_at][1], strict=True))
        assert away <= slack, f"{text}: drawn at {box}, found at {read[read_at][1]}"
