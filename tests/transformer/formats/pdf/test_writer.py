from __future__ import annotations

import io
import math
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pypdf import PdfReader

from kserve_ocr.protocol.layout import Box, Line, PageLayout, Word
from tests.transformer.formats import drawn
from tests.transformer.formats.conftest import DrawnPage
from tests.transformer.formats.drawn import layout, line
from transformer.formats.pdf.page_image import PageImage, from_jpeg, from_pixels
from transformer.formats.pdf.writer import PdfPage, PdfWriter, pdf

Boxes = list[tuple[str, tuple[float, float, float, float]]]


def _blank(width: int = 1200, height: int = 800) -> PageImage:
    return from_pixels(np.full((height, width), 255, np.uint8))


def _read(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data), strict=True)


def _render(data: bytes, page: int = 0, *, scale: float = 1.0) -> NDArray[np.uint8]:
    document = pypdfium2.PdfDocument(data)
    try:
        return np.asarray(document[page].render(scale=scale).to_pil().convert("RGB"), np.uint8)
    finally:
        document.close()


def _poppler(data: bytes, *options: str, folder: Path) -> str:
    command = shutil.which("pdftotext")
    assert command, "install poppler-utils"
    file = folder / "page.pdf"
    file.write_bytes(data)
    return subprocess.run([command, *options, str(file), "-"], capture_output=True, check=True, text=True).stdout


def _word_boxes(data: bytes, *, dpi: int, folder: Path) -> Boxes:
    """Words and their boxes in pixels, by poppler."""
    found = _poppler(data, "-bbox", folder=folder)
    pattern = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
    scale = dpi / 72
    boxes: Boxes = []
    for x0, y0, x1, y1, text in re.findall(pattern, found):
        plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        boxes.append((plain, (float(x0) * scale, float(y0) * scale, float(x1) * scale, float(y1) * scale)))
    return boxes


def _distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("dpi", [300, 96])
def test_words_stand_on_the_drawn_words(read_page: DrawnPage, tmp_path: Path, dpi: int) -> None:
    page, words = read_page
    image = from_pixels(np.asarray(drawn.draw()[0], np.uint8))
    found = _word_boxes(pdf([PdfPage(page, image, dpi)]), dpi=dpi, folder=tmp_path)
    assert [text for text, _ in found] == [text for text, _ in words]
    for (_, box), (_, ink) in zip(found, words, strict=True):
        assert _distance(box, ink) <= 3


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
def test_words_of_turned_and_tilted_lines(degrees: float, start: tuple[float, float], tmp_path: Path) -> None:
    row, hulls = _tilted("words along a line", degrees, start)
    data = pdf([PdfPage(layout(row), _blank(), 300)])
    found = dict(_word_boxes(data, dpi=300, folder=tmp_path))
    assert set(found) == {"words", "along", "a", "line"}
    for word, hull in zip(row.words, hulls, strict=True):
        assert _distance(found[word.text], hull) <= 3
    assert _read(data).pages[0].extract_text().split() == ["words", "along", "a", "line"]


def test_steep_lines_run_along_their_baseline() -> None:
    row, _ = _tilted("down the slope", 30, (200, 200))
    operators: list[tuple[float, float, float]] = []

    def visit(text: str, _cm: list[float], matrix: list[float], _font: object, _size: float) -> None:
        if text.strip():
            operators.append((math.degrees(math.atan2(matrix[1], matrix[0])), matrix[4], matrix[5]))

    text = _read(pdf([PdfPage(layout(row), _blank(), 72)])).pages[0].extract_text(visitor_text=visit)
    assert text.split() == ["down", "the", "slope"]
    assert operators[0] == pytest.approx((-30, 200, 600), abs=2)


@pytest.mark.parametrize("reader", ["pypdf", "pdfium", "poppler"])
def test_any_text_comes_back(reader: str, tmp_path: Path) -> None:
    rows = ["Grüße, naïve café", "日本語 テスト", "हिन्दी में", "𐍈𐍉𐍊 😀 €", "(a) <b> \\c"]
    page = layout(*(line(row, y=100 * (index + 1)) for index, row in enumerate(rows)))
    data = pdf([PdfPage(page, _blank())])
    if reader == "pypdf":
        text = _read(data).pages[0].extract_text()
    elif reader == "pdfium":
        document = pypdfium2.PdfDocument(data)
        text = document[0].get_textpage().get_text_range()
        document.close()
    else:
        text = " ".join(word for word, _ in _word_boxes(data, dpi=300, folder=tmp_path))
    assert text.split() == " ".join(rows).split()


def test_right_to_left_text_comes_back_in_reading_order(tmp_path: Path) -> None:
    row = line("2024 ספר שלום")
    data = pdf([PdfPage(layout(replace(row, words=row.words[::-1])), _blank())])
    document = pypdfium2.PdfDocument(data)
    assert document[0].get_textpage().get_text_range().split() == ["שלום", "ספר", "2024"]
    document.close()
    assert re.sub("[\u202a-\u202e]", "", _poppler(data, folder=tmp_path)).split() == ["שלום", "ספר", "2024"]


def test_text_is_invisible() -> None:
    pixels = np.asarray(drawn.draw()[0], np.uint8)
    page = drawn.read(drawn.draw()[0])
    with_text = _render(pdf([PdfPage(page, from_pixels(pixels), 72)]))
    assert (with_text[..., 0] == pixels).mean() > 0.99
    assert (with_text == _render(pdf([PdfPage(layout(width=1000, height=500), from_pixels(pixels), 72)]))).all()


@pytest.mark.parametrize("kind", ["bilevel", "grey", "colour", "photo", "grey photo"])
def test_images_look_as_they_were(kind: str) -> None:
    page = np.asarray(drawn.draw()[0], np.uint8)
    slope = np.add.outer(np.arange(500), np.arange(1000)) % 256
    noise = np.random.default_rng(2).integers(0, 40, (500, 1000))
    grey_photo = np.minimum(slope // 2 + noise, 255).astype(np.uint8)
    pixels = {
        "bilevel": np.where(page < 128, 0, 255).astype(np.uint8),
        "grey": page,
        "colour": np.stack([page, np.full_like(page, 200), 255 - page], axis=2),
        "photo": np.stack([grey_photo, grey_photo // 2, 255 - grey_photo], axis=2),
        "grey photo": grey_photo,
    }[kind]
    shown = _render(pdf([PdfPage(layout(width=1000, height=500), from_pixels(pixels), 72)]))
    expected = np.asarray(Image.fromarray(pixels).convert("RGB"), np.uint8)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean() < (12 if "photo" in kind else 0.5)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_files_are_shown_upright(mode: str, orientation: int) -> None:
    corners = np.full((40, 60, 3), 255, np.uint8)
    corners[:20, :30], corners[:20, 30:], corners[20:, :30] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    stored = Image.fromarray(corners).convert(mode)
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    stored.save(file, "JPEG", quality=95, subsampling=0, exif=exif)
    image = from_jpeg(file.getvalue(), orientation=orientation)
    assert image is not None
    with Image.open(file) as saved:
        upright = ImageOps.exif_transpose(saved).convert("RGB")
    shown = _render(pdf([PdfPage(layout(width=upright.width, height=upright.height), image, 72)]))
    assert shown.shape == (upright.height, upright.width, 3)
    # Readers turn CMYK into RGB each in their own way; a turned or inverted image is off by 90 and more.
    assert np.abs(shown.astype(int) - np.asarray(upright, int)).mean() < (50 if mode == "CMYK" else 12)


@pytest.mark.parametrize(
    ("size", "dpi", "points"),
    [((1200, 800), None, (288, 192)), ((1200, 800), 72, (1200, 800)), ((20, 30_000), 72, (9.6, 14_400))],
)
def test_paper_size(size: tuple[int, int], dpi: int | None, points: tuple[float, float]) -> None:
    width, height = size
    data = pdf([PdfPage(layout(width=width, height=height), _blank(width, height), dpi)])
    box = _read(data).pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx(points)


def test_pages_keep_their_order_and_share_the_font() -> None:
    pages = [PdfPage(layout(line(f"page {number} x")), _blank()) for number in range(40)]
    reader = _read(pdf(pages))
    assert [page.extract_text().split() for page in reader.pages] == [["page", str(n), "x"] for n in range(40)]
    assert pdf(pages).count(b"/FontFile2") == pdf(pages[:1]).count(b"/FontFile2") == 1


def test_pages_are_written_as_they_come() -> None:
    out = io.BytesIO()
    writer = PdfWriter(out)
    image = from_pixels(np.random.default_rng(3).integers(0, 256, (400, 400), np.uint8))
    sizes = []
    for _ in range(3):
        writer.add(PdfPage(layout(line("text"), width=400, height=400), image))
        sizes.append(out.tell())
    assert np.diff(sizes).min() > len(image.data)
    writer.finish()
    assert len(_read(out.getvalue()).pages) == 3


def test_equal_pages_give_equal_bytes() -> None:
    pages = [PdfPage(layout(line("same text")), _blank())]
    assert pdf(iter(pages)) == pdf(iter(pages))


def test_page_without_words() -> None:
    data = pdf([PdfPage(PageLayout(1, 1, ()), _blank(1, 1))])
    assert not _read(data).pages[0].extract_text()
    assert _render(data, scale=10).size
