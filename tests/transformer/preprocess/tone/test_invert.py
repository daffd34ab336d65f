from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.transformer.preprocess.pages import Pixels, text_page
from transformer.preprocess import components
from transformer.preprocess.prepare import prepare
from transformer.preprocess.tone import invert

GROUNDS = (0, 40, 90, 130, 160, 180)


def colored(page: Pixels, *, ink: int, ground: int) -> Pixels:
    """The drawn page with other gray levels."""
    return np.rint(ink + (ground - ink) * (page / 255.0)).astype(np.uint8)


def inverted(page: Pixels) -> Pixels:
    found = invert.find(components.find(page))
    return page if found is None else invert.apply(page, found)


def ink_differs(page: Pixels, expected: Pixels) -> float:
    """Share of the expected ink that is missing or added."""
    return float(np.mean((page < 128) != (expected < 128)) / np.mean(expected < 128))


@pytest.mark.parametrize(("ground", "size"), list(product(GROUNDS, (10, 14, 20, 28, 60))))
def test_light_text_on_any_ground_becomes_dark_on_white(ground: int, size: int) -> None:
    page, _ = text_page(size=size, width=36 * size)
    assert ink_differs(inverted(colored(page, ink=255, ground=ground)), page) < 0.25


@pytest.mark.parametrize("ground", [40, 120])
def test_gray_text_on_darker_ground_gets_full_contrast(ground: int) -> None:
    page, _ = text_page()
    result = inverted(colored(page, ink=ground + 60, ground=ground))
    assert result.min() < 40
    assert np.median(result) == 255


@pytest.mark.parametrize("ground", [255, 200, 120, 80])
def test_dark_text_stays_unchanged_on_any_ground(ground: int) -> None:
    page, _ = text_page()
    dark = colored(page, ink=0, ground=ground)
    assert invert.find(components.find(dark)) is None


@pytest.mark.parametrize("quarter_turns", range(4))
def test_light_text_on_its_side_is_found(quarter_turns: int) -> None:
    page, _ = text_page()
    turned = np.ascontiguousarray(np.rot90(page, quarter_turns))
    assert ink_differs(inverted(255 - turned), turned) < 0.1


@pytest.mark.parametrize("ground", [0, 90, 160])
def test_only_the_banner_of_a_page_is_inverted(ground: int) -> None:
    page, _ = text_page(lines=12)
    image = Image.fromarray(page.copy())
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 4, image.width, 48), fill=ground)
    draw.text((60, 8), "Statement of account", font=ImageFont.load_default(size=28), fill=255)
    with_banner = np.asarray(image)
    result = inverted(with_banner)
    assert np.array_equal(result[60:], with_banner[60:])
    assert 0.01 < np.mean(result[8:46] < 128) < 0.2


def test_a_large_page_is_searched_as_well() -> None:
    page, _ = text_page(size=50, width=2400, lines=30)
    assert ink_differs(inverted(colored(page, ink=255, ground=150)), page) < 0.1


def test_ground_with_a_gradient_becomes_even() -> None:
    page, _ = text_page()
    ground = np.linspace(40, 170, page.shape[1])
    light = np.rint(ground + (255 - ground) * (1 - page / 255.0)).astype(np.uint8)
    result = inverted(light)
    assert np.percentile(result, 60) > 240
    assert ink_differs(result, page) < 0.2


@pytest.mark.parametrize("kind", ["white", "black", "noise", "specks", "blobs"])
def test_what_has_no_letters_is_not_inverted(kind: str) -> None:
    draw = np.random.default_rng(5)
    page = np.zeros((600, 800), np.uint8)
    if kind == "white":
        page[:] = 255
    elif kind == "noise":
        page = draw.integers(0, 256, page.shape, dtype=np.uint8)
    elif kind == "specks":
        page[tuple(draw.integers(0, side, 6000) for side in page.shape)] = 255
    elif kind == "blobs":
        image = Image.fromarray(page)
        for x, y, radius in draw.integers((0, 0, 2), (800, 600, 40), (250, 3)).tolist():
            ImageDraw.Draw(image).ellipse((x, y, x + radius, y + radius * 0.7), fill=255)
        page = np.asarray(image)
    assert np.array_equal(inverted(page), page)


def test_the_step_is_recorded_and_can_be_switched_off() -> None:
    page, _ = text_page(size=40, width=1200)
    light = colored(page, ink=255, ground=150)
    assert "invert" in prepare(light).steps
    assert "invert" not in prepare(light, without=frozenset({"invert"})).steps


def test_text_that_the_background_would_swallow_is_kept() -> None:
    page, _ = text_page(size=40, width=1200)
    light = colored(page, ink=255, ground=150)
    ready = prepare(light, without=frozenset({"invert"}))
    assert ready.pixels.max() > ready.pixels.min() + 60
