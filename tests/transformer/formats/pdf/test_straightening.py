"""Skewed scans that are shown straight."""

from __future__ import annotations

import io
import math

import numpy as np
import pikepdf
import pytest
from PIL import Image

from kserve_ocr.protocol.layout import Box, Line, PageLayout, Word
from tests.transformer.formats import drawn
from tests.transformer.formats.drawn import layout
from tests.transformer.formats.pdf.documents.scans import SCANS
from tests.transformer.formats.pdf.extractors import EXTRACTORS, render, word_boxes
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.images.encoding import from_pixels
from transformer.formats.pdf.searchable import ImagePage, from_images, from_pdf

SIZE = (1000, 500)


def _skewed(degrees: float) -> tuple[Image.Image, PageLayout, list[tuple[str, Box]]]:
    """A drawn page that was turned counterclockwise, its layout, and where the words were before."""
    page, words = drawn.draw()
    cx, cy = SIZE[0] / 2, SIZE[1] / 2
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def turned(x: float, y: float) -> tuple[float, float]:
        return cx + (x - cx) * c + (y - cy) * s, cy - (x - cx) * s + (y - cy) * c

    lines = []
    for row in range(3):
        found = [word for word in words if 60 + 80 * row <= word[1][3] < 140 + 80 * row]
        placed = []
        for text, (x0, y0, x1, y1) in found:
            xs, ys = zip(*(turned(x, y) for x in (x0, x1) for y in (y0, y1)), strict=True)
            placed.append(Word(text, (round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))), 0.9))
        base = 100 + 80 * row
        start, end = turned(found[0][1][0], base), turned(found[-1][1][2], base)
        lines.append(Line((0, 0, *SIZE), tuple(placed), (*start, *end), 44.0))
    image = page.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    return image, layout(*lines, width=SIZE[0], height=SIZE[1]), words


@pytest.mark.parametrize("degrees", [3.0, -2.0, 7.0])
def test_words_and_pixels_are_where_they_were_before_the_page_was_skewed(degrees: float) -> None:
    image, page, words = _skewed(degrees)
    shown = ImagePage(from_pixels(np.asarray(image, np.uint8)), page, (72, 72), skew=degrees)
    made = from_images([shown]).data
    assert np.abs(render(made).astype(int)[..., 0] - np.asarray(drawn.draw()[0])).mean() < 6
    found = word_boxes(made)
    assert [text for text, _ in found] == [text for text, _ in words]
    for (_, box), (_, expected) in zip(found, words, strict=True):
        assert np.abs(np.subtract(box, expected)).max() < 3
    for extract in EXTRACTORS.values():
        assert extract(made).split() == [text for text, _ in words]


def test_the_content_of_the_document_stays_as_it_is() -> None:
    original = SCANS["group 4"]()
    made = from_pdf(original, [PageLayer(1, _skewed(3)[1], skew=3)]).data
    assert made.startswith(original)
    with pikepdf.open(io.BytesIO(original)) as old, pikepdf.open(io.BytesIO(made)) as new:
        contents = new.pages[0].obj.Contents
        assert len(contents) == 4
        assert contents[2].objgen == old.pages[0].obj.Contents.objgen


@pytest.mark.parametrize("kind", ["overlay", "unbalanced state"])
def test_content_that_is_out_of_balance_is_turned_too(kind: str) -> None:
    layer = PageLayer(1, _skewed(4)[1], skew=4)
    straight = from_pdf(SCANS["rgb jpeg"](), [layer]).data
    made = from_pdf(SCANS[kind](), [layer]).data
    assert np.abs(render(made).astype(int) - render(straight)).mean() < 1.5
    with pikepdf.open(io.BytesIO(made)) as pdf:
        operators = [str(found.operator) for found in pikepdf.parse_content_stream(pdf.pages[0])]
    depth = np.cumsum([(name == "q") - (name == "Q") for name in operators])
    assert depth[-1] == 0
    assert depth.min() >= 0


def test_a_page_that_is_straight_gets_no_turn() -> None:
    original = SCANS["group 4"]()
    page = _skewed(0)[1]
    assert from_pdf(original, [PageLayer(1, page, skew=0.05)]) == from_pdf(original, [PageLayer(1, page)])
