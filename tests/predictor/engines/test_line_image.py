from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.engines import worker
from predictor.engines.base import Page
from predictor.engines.line_image import check_proportion, has_letters
from predictor.engines.worker import RecognitionJob
from tests.predictor.engines.test_tesserocr_engine import SETTINGS

LINE_MODES = (7, 8, 10, 13)


@pytest.fixture(scope="module")
def handle() -> Any:
    return worker.start(SETTINGS, RecognitionOptions())


def draw_text(text: str, *, size: int, paper: int, ink: int, margin: int, noise: float = 0.0) -> Page:
    font = ImageFont.load_default(size=size)
    x0, y0, x1, y1 = (int(end) for end in ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font=font))
    image = Image.new("L", (x1 - x0 + 2 * margin + 2, y1 - y0 + 2 * margin + 2), paper)
    ImageDraw.Draw(image).text((margin - x0, margin - y0), text, font=font, fill=ink)
    return with_noise(np.asarray(image), noise)


def with_noise(page: Page, deviation: float) -> Page:
    values = page + np.random.default_rng(7).normal(0, deviation, page.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def blank_cells() -> dict[str, Page]:
    """Empty cells of a table: plain, dark, noisy, shaded, with specks, borders and rules."""
    paper = np.full((120, 400), 240, np.uint8)
    specks, bordered, ruled = paper.copy(), paper.copy(), paper.copy()
    for x, y in ((20, 30), (201, 60), (350, 101)):
        specks[y : y + 3, x : x + 3] = 0
    bordered[:2] = bordered[-2:] = bordered[:, :2] = bordered[:, -2:] = 30
    ruled[90:92] = 60
    shaded = np.clip(paper - np.linspace(0, 60, 400)[None, :], 0, 255).astype(np.uint8)
    return {
        "white": np.full((120, 400), 255, np.uint8),
        "black": np.zeros((120, 400), np.uint8),
        "noise": with_noise(paper, 6),
        "shaded": shaded,
        "specks": specks,
        "specks and noise": with_noise(specks, 4),
        "borders": bordered,
        "rule": ruled,
        "borders and noise": with_noise(bordered, 4),
        "low": np.full((9, 300), 255, np.uint8),
        "one pixel": np.full((1, 1), 255, np.uint8),
    }


@pytest.mark.parametrize("psm", LINE_MODES)
@pytest.mark.parametrize("name", blank_cells())
def test_nothing_is_recognized_on_a_blank_cell(handle: Any, name: str, psm: int) -> None:
    cell = blank_cells()[name]
    result = handle(RecognitionJob(cell, RecognitionOptions(psm=psm), layout=True))
    assert (result.text, result.confidence) == ("", 0)
    assert result.layout == PageLayout(cell.shape[1], cell.shape[0], ())


@pytest.mark.parametrize("text", ["Se", "I", "l", "1", "7", "a", "x = 3", "Total 12,40", "THE QUICK BROWN", "Größe"])
@pytest.mark.parametrize("size", [11, 24, 60])
@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (230, 190), (90, 140), (0, 255)])
@pytest.mark.parametrize("margin", [0, 12])
def test_letters_are_seen(text: str, size: int, paper: int, ink: int, margin: int) -> None:
    assert has_letters(draw_text(text, size=size, paper=paper, ink=ink, margin=margin))


def test_letters_are_seen_through_noise_and_beside_rules() -> None:
    page = draw_text("Total 12,40", size=30, paper=230, ink=60, margin=14, noise=9).copy()
    page[-3:] = 20
    page[:, :2] = 20
    assert has_letters(page)


def test_a_line_is_recognized_as_before(handle: Any) -> None:
    page = draw_text("Total 12.40", size=30, paper=255, ink=0, margin=14)
    assert handle(RecognitionJob(page, RecognitionOptions(psm=7), layout=False)).text.strip() == "Total 12.40"


@pytest.mark.parametrize("psm", LINE_MODES)
def test_a_line_of_impossible_proportions_is_rejected(handle: Any, psm: int) -> None:
    page = np.full((2, 20_000), 255, np.uint8)
    page[0] = 0
    with pytest.raises(InvalidParameterError, match="20000 by 2 pixels, too long and low for psm"):
        handle(RecognitionJob(page, RecognitionOptions(psm=psm), layout=False))


def test_other_modes_and_long_lines_are_allowed() -> None:
    check_proportion(np.zeros((2, 20_000), np.uint8), RecognitionOptions())
    check_proportion(np.zeros((40, 20_000), np.uint8), RecognitionOptions(psm=7))
    check_proportion(np.zeros((20_000, 2), np.uint8), RecognitionOptions(psm=7))
