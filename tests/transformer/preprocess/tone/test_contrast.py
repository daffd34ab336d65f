from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.transformer.preprocess.pages import Pixels, text_page
from transformer.preprocess import components
from transformer.preprocess.prepare import prepare
from transformer.preprocess.tone import contrast


def faint(*, levels: int, noise: int = 0) -> Pixels:
    page, _ = text_page(size=32, width=1100)
    grain = np.random.default_rng(2).integers(-noise, noise + 1, page.shape)
    return np.clip(np.rint(220 - levels * (1 - page / 255.0)) + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("levels", [7, 10, 13])
def test_hardly_visible_text_gets_full_contrast(levels: int) -> None:
    page = faint(levels=levels)
    result = contrast.stretched(page, components.find(page))
    assert result is not None
    assert result.min() < 30
    assert "contrast" in prepare(page).steps
    assert "contrast" not in prepare(page, without=frozenset({"contrast"})).steps
    assert not prepare(page).blank


@pytest.mark.parametrize("page", [faint(levels=200), faint(levels=60), faint(levels=0, noise=6)])
def test_clear_text_and_paper_with_grain_stay_as_they_are(page: Pixels) -> None:
    assert contrast.stretched(page, components.find(page)) is None


def cell(seed: int) -> Pixels:
    """An empty cell: paper, perhaps a frame, a rule along an edge, a few specks."""
    draw = np.random.default_rng(seed)
    width, height = (int(side) for side in draw.integers((60, 24), (500, 160)))
    image = Image.new("L", (width, height), int(draw.choice([255, 240, 200])))
    pen = ImageDraw.Draw(image)
    if seed % 3 == 1:
        pen.rectangle((1, 1, width - 2, height - 2), outline=0, width=int(draw.integers(1, 3)))
    if seed % 3 == 2:
        pen.line((0, height - 4, width, height - 4), fill=0, width=2)
    for x, y in draw.integers((0, 0), (width, height), (int(draw.integers(0, 6)), 2)).tolist():
        pen.point((x, y), fill=80)
    return np.asarray(image)


@pytest.mark.parametrize("seed", range(200))
def test_empty_cells_are_blank(seed: int) -> None:
    assert prepare(cell(seed)).blank


def uneven(low: int, high: int, *, noise: int) -> Pixels:
    """Paper with grain in light that falls off to one side."""
    light = np.linspace(low, high, 620)[None, :].repeat(260, axis=0)
    grain = np.random.default_rng(5).integers(-noise, noise + 1, light.shape)
    return np.clip(np.rint(light + grain), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("low", "high"), [(60, 60), (55, 85), (205, 242), (245, 245), (20, 20)])
@pytest.mark.parametrize("noise", [3, 8])
def test_paper_with_grain_is_blank(low: int, high: int, noise: int) -> None:
    ready = prepare(uneven(low, high, noise=noise))
    assert ready.blank
    assert not {"invert", "contrast"} & set(ready.steps)


@pytest.mark.parametrize("thickness", [4, 12])
@pytest.mark.parametrize(("paper", "bar"), [(255, 0), (60, 230)])
def test_the_edge_of_something_else_is_blank(paper: int, bar: int, thickness: int) -> None:
    crop = np.full((150, 80), paper, np.uint8)
    crop[:thickness] = bar
    assert prepare(crop).blank


@pytest.mark.parametrize("text", ["7", "A", "i", "-5", "No", "Total"])
@pytest.mark.parametrize("size", [12, 24, 60, 150])
@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (255, 150), (190, 255)])
def test_a_single_letter_is_not_blank(text: str, size: int, ink: int, paper: int) -> None:
    font = ImageFont.load_default(size=size)
    image = Image.new("L", (round(font.getlength(text)) + size, 2 * size), paper)
    ImageDraw.Draw(image).text((size // 2, size // 3), text, font=font, fill=ink)
    assert not prepare(np.asarray(image)).blank


def test_dots_of_a_matrix_printer_are_not_blank() -> None:
    page = np.full((60, 300), 255, np.uint8)
    page[20:44:4, 20:280:4] = 0
    assert not prepare(page).blank


def test_without_preparation_no_page_is_blank() -> None:
    assert not prepare(np.full((60, 300), 255, np.uint8), auto=False).blank
