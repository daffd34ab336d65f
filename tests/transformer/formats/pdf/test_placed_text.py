"""Text of pages made of images: where words stand, and what readers find."""

from __future__ import annotations

import io
import math

import numpy as np
import pikepdf
import pytest
from msgspec.structs import replace
from PIL import Image
from pypdf import PdfReader

from kserve_ocr.protocol.layout import Box, Line, PageLayout, Word, around
from tests.transformer.formats import drawn
from tests.transformer.formats.conftest import DrawnPage
from tests.transformer.formats.drawn import layout, line
from tests.transformer.formats.pdf.extractors import EXTRACTORS, poppler, render, word_boxes
from transformer.formats.pdf.images.encoding import PageImage, from_pixels
from transformer.formats.pdf.searchable import ImagePage, from_images


def _blank(width: int = 1200, height: int = 800) -> PageImage:
    return from_pixels(np.full((height, width), 255, np.uint8))


def _made(page: PageLayout, *, dpi: int = 300) -> bytes:
    return from_images([ImagePage(_blank(page.width, page.height), page, (dpi, dpi))]).data


@pytest.mark.parametrize("dpi", [300, 96])
def test_words_stand_on_the_drawn_words(read_page: DrawnPage, dpi: int) -> None:
    page, words = read_page
    image = from_pixels(np.asarray(drawn.draw()[0], np.uint8))
    found = word_boxes(from_images([ImagePage(image, page, (dpi, dpi))]).data)
    assert [text for text, _ in found] == [text for text, _ in words]
    for (_, box), (_, ink) in zip(found, words, strict=True):
        assert np.abs(np.subtract(box, np.multiply(ink, 72 / dpi))).max() <= 1.5


def test_a_page_of_print_takes_few_bytes_and_words_stay_where_they_are() -> None:
    texts = " ".join(drawn.TEXT).split()
    lines = tuple(" ".join(texts[(7 * row + at) % len(texts)] for at in range(9)) for row in range(8))
    _, words = drawn.draw(lines, size=(1500, 800), height=36)
    rows = [words[at : at + 9] for at in range(0, len(words), 9)]
    page = layout(
        *(
            Line(
                around(box for _, box in row),
                tuple(Word(text, box, 0.9) for text, box in row),
                (row[0][1][0], 60 + 72 * at + 36, row[-1][1][2], 60 + 72 * at + 36),
                50.0,
            )
            for at, row in enumerate(rows)
        ),
        width=1500,
        height=800,
    )
    made = _made(page)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        contents = pdf.pages[0].obj.Contents
        assert isinstance(contents, pikepdf.Array)
        assert sum(len(part.read_raw_bytes()) for part in contents) < 8 * len(words)
    found = word_boxes(made)
    assert [text for text, _ in found] == [text for text, _ in words]
    for (_, box), (_, ink) in zip(found, words, strict=True):
        assert np.abs(np.subtract(box, np.multiply(ink, 72 / 300))).max() <= 1.5


def _tilted(text: str, degrees: float, start: tuple[float, float]) -> tuple[Line, list[Box]]:
    """A line of 20 px wide letters turned clockwise about its start, with the upright hulls of its words."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = start
    words, along = [], 0
    for part in text.split(" "):
        ends = (along, along + 20 * len(part))
        xs = [x + c * a - s * up for a in ends for up in (-30, 8)]
        ys = [y + s * a + c * up for a in ends for up in (-30, 8)]
        words.append(Word(part, (round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))), 0.9))
        along = ends[1] + 20
    end = (x + c * along, y + s * along)
    return Line((0, 0, 1200, 800), tuple(words), (x, y, *end), 40.0), [word.bbox for word in words]


@pytest.mark.parametrize(
    ("degrees", "start"),
    [
        (1, (80, 200)),
        (-4, (80, 400)),
        (7, (80, 200)),
        (90, (600, 80)),
        (180, (900, 400)),
        (-90, (600, 780)),
        (88, (600, 80)),
    ],
)
def test_words_of_turned_and_tilted_lines(degrees: float, start: tuple[float, float]) -> None:
    row, hulls = _tilted("words along a line", degrees, start)
    data = _made(layout(row))
    found = dict(word_boxes(data))
    assert set(found) == {"words", "along", "a", "line"}
    for word, hull in zip(row.words, hulls, strict=True):
        assert np.abs(np.subtract(found[word.text], np.multiply(hull, 72 / 300))).max() < 1.7
    assert PdfReader(io.BytesIO(data)).pages[0].extract_text().split() == ["words", "along", "a", "line"]


def test_steep_lines_run_along_their_baseline() -> None:
    row, _ = _tilted("down the slope", 30, (200, 200))
    operators: list[tuple[float, float, float]] = []

    def visit(text: str, _cm: list[float], matrix: list[float], _font: object, _size: float) -> None:
        if text.strip():
            operators.append((math.degrees(math.atan2(matrix[1], matrix[0])), matrix[4], matrix[5]))

    text = PdfReader(io.BytesIO(_made(layout(row), dpi=72))).pages[0].extract_text(visitor_text=visit)
    assert text.split() == ["down", "the", "slope"]
    assert operators[0][0] == pytest.approx(-30, abs=1)


@pytest.mark.parametrize("extractor", sorted(EXTRACTORS))
def test_any_text_comes_back(extractor: str) -> None:
    rows = ["Grüße, naïve café", "日本語 テスト", "हिन्दी में", "𐍈𐍉𐍊 😀 €", "(a) <b> \\c"]
    page = layout(*(line(row, y=100 * (index + 1)) for index, row in enumerate(rows)))
    assert EXTRACTORS[extractor](_made(page)).split() == " ".join(rows).split()


@pytest.mark.parametrize("extractor", ["poppler", "pdfium"])
@pytest.mark.parametrize(
    "words", [["שלום", "ספר", "2024"], ["السلام", "عليكم", "ورحمة", "الله"], ["ספר", "שלום", "עולם,"]]
)
def test_right_to_left_text_comes_back_in_reading_order(extractor: str, words: list[str]) -> None:
    rows = []
    for at in range(1, 5):
        row = line(" ".join(words[::-1]), y=100 * at)
        rows.append(replace(row, words=row.words[::-1]))
    found = EXTRACTORS[extractor](_made(layout(*rows)))
    plain = "".join(char for char in found if not "\u202a" <= char <= "\u202e")
    assert plain.split() == words * 4


def test_pages_share_the_font_and_keep_their_order() -> None:
    pages = [ImagePage(_blank(), layout(line(f"page {number} x"))) for number in range(40)]
    made = from_images(pages).data
    assert [page.split() for page in poppler(made).split("\f")[:40]] == [["page", str(n), "x"] for n in range(40)]
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert sum("/FontFile2" in found for found in pdf.objects if isinstance(found, pikepdf.Dictionary)) == 1


@pytest.mark.parametrize(
    ("size", "dpi", "points"),
    [
        ((1200, 800), None, (288, 192)),
        ((1200, 800), (72, 72), (1200, 800)),
        ((1728, 1078), (204, 98), (609.8824, 792)),
        ((20, 30_000), (72, 72), (9.6, 14_400)),
    ],
)
def test_paper_size(size: tuple[int, int], dpi: tuple[float, float] | None, points: tuple[float, float]) -> None:
    page = ImagePage(_blank(*size), PageLayout(*size, ()), dpi)
    box = PdfReader(io.BytesIO(from_images([page]).data)).pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx(points)


def test_text_is_invisible() -> None:
    pixels = np.asarray(drawn.draw()[0], np.uint8)
    page = drawn.read(drawn.draw()[0])
    image = from_pixels(pixels)
    shown = render(from_images([ImagePage(image, page, (72, 72))]).data)
    assert np.array_equal(shown, np.asarray(Image.fromarray(pixels).convert("RGB")))
