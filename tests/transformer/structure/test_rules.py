"""Ruled lines in drawn pages."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.support.drawn_layouts import prose
from transformer.structure import rules
from transformer.structure.remainder import without_rules
from transformer.structure.separators import Separators


def text_page(width: int, height: int, *, size: int = 28) -> Image.Image:
    """A page full of text lines."""
    image = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=size)
    for number, text in enumerate(prose(height // (2 * size) - 2, width=width // size)):
        pen.text((size, (number + 1) * 2 * size), text, font=font, fill=0)
    return image


@pytest.mark.parametrize("size", [(900, 1200), (1700, 2200), (3400, 4400)])
def test_text_has_no_rules(size: tuple[int, int]) -> None:
    assert rules.find(np.asarray(text_page(*size))) == Separators()


@pytest.mark.parametrize("thickness", [1, 3, 8])
@pytest.mark.parametrize("size", [(900, 1200), (1700, 2200), (3400, 4400)])
def test_rules_are_found_where_they_are(size: tuple[int, int], thickness: int) -> None:
    width, height = size
    page = text_page(width, height)
    pen = ImageDraw.Draw(page)
    y, x = height // 2 // 56 * 56 + 45, width * 4 // 5
    pen.rectangle((0, y - 25, width, y + 25), fill=255)
    pen.rectangle((x - 25, 0, x + 25, height), fill=255)
    pen.line((50, y, x - 40, y), fill=0, width=thickness)
    pen.line((x, 80, x, height - 80), fill=0, width=thickness)

    found = rules.find(np.asarray(page))

    (across,), (down,) = found.horizontal, found.vertical
    assert np.allclose(across, (50, y, x - 40, y + 1), atol=thickness + 0.01 * width)
    assert np.allclose(down, (x, 80, x + 1, height - 80), atol=thickness + 0.01 * height)


@pytest.mark.parametrize("fall", [4, 12])
def test_a_rule_may_lean_and_have_breaks(fall: int) -> None:
    page = Image.new("L", (1600, 2000), 255)
    pen = ImageDraw.Draw(page)
    pen.line((100, 1000, 1500, 1000 + fall), fill=0, width=3)
    for x in (400, 900, 1300):
        pen.rectangle((x, 980, x + 8, 1040), fill=255)

    found = rules.find(np.asarray(page))

    assert len(found.horizontal) == 1
    assert not found.vertical


@pytest.mark.parametrize("shape", [(1, 1), (7, 4000), (4000, 7), (40, 40)])
def test_tiny_pages_have_none(shape: tuple[int, int]) -> None:
    assert rules.find(np.zeros(shape, np.uint8)) == Separators()
    assert rules.find(np.full(shape, 255, np.uint8)) == Separators()


def test_noise_is_not_taken_for_rules() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500), dtype=np.uint8)

    assert rules.find(noise) == Separators()


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, -1])
def test_rules_turn_with_the_page(turns: int) -> None:
    page = Image.new("L", (900, 1300), 255)
    pen = ImageDraw.Draw(page)
    pen.line((100, 300, 800, 300), fill=0, width=4)
    pen.line((200, 500, 200, 1200), fill=0, width=4)
    pixels = np.asarray(page)

    turned = rules.find(pixels).quarter_turned(turns, width=900, height=1300)
    expected = rules.find(np.ascontiguousarray(np.rot90(pixels, turns)))

    assert np.allclose(turned.horizontal, expected.horizontal, atol=3)
    assert np.allclose(turned.vertical, expected.vertical, atol=3)


@pytest.mark.parametrize("factor", [1, 3])
def test_rules_are_erased_and_letters_on_them_stay(factor: int) -> None:
    page = Image.new("L", (900 * factor, 600 * factor), 255)
    pen = ImageDraw.Draw(page)
    pen.line((100 * factor, 300 * factor, 800 * factor, 300 * factor), fill=0, width=2 * factor)
    pen.line((400 * factor, 100 * factor, 400 * factor, 500 * factor), fill=0, width=2 * factor)
    pen.rectangle((600 * factor, 280 * factor, 604 * factor, 310 * factor), fill=0)
    pixels = np.asarray(page)

    erased = without_rules(pixels, rules.find(pixels))

    stem = np.s_[270 * factor : 320 * factor, 590 * factor : 614 * factor]
    assert np.array_equal(erased[280 * factor : 296 * factor, stem[1]], pixels[280 * factor : 296 * factor, stem[1]])
    rest = erased.copy()
    rest[stem] = 255
    assert np.mean(rest < 128) < 0.02 * np.mean(pixels < 128)
