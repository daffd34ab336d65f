from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.support.scripts import draw_sample
from tests.transformer.preprocess.pages import text_page
from transformer.preprocess import components, orientation
from transformer.preprocess.orientation import Orientation


@pytest.mark.parametrize("turned", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [12, 28])
def test_every_quarter_is_found(turned: int, size: int) -> None:
    page, _ = text_page(size=size, width=36 * size)
    found = orientation.estimate(components.find(np.ascontiguousarray(np.rot90(page, turned))))
    assert found == Orientation((4 - turned) % 4, uncertain=False)


def test_little_text_decides_nothing() -> None:
    page, _ = text_page(lines=1, width=160)
    for turned in range(4):
        found = orientation.estimate(components.find(np.ascontiguousarray(np.rot90(page, turned))))
        assert found == Orientation(0, uncertain=False)


@pytest.mark.parametrize("alphabet", ["0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"])
@pytest.mark.parametrize("turned", [0, 1, 2, 3])
def test_what_looks_the_same_on_its_head_is_not_turned(alphabet: str, turned: int) -> None:
    font = ImageFont.load_default(size=24)
    image = Image.new("L", (900, 700), 255)
    draw = ImageDraw.Draw(image)
    choose = np.random.default_rng(1)
    for row in range(18):
        text = " ".join("".join(choose.choice(list(alphabet), 5)) for _ in range(7))
        draw.text((30, 30 + 36 * row), text, fill=0, font=font)
    found = orientation.estimate(components.find(np.ascontiguousarray(np.rot90(np.asarray(image), turned))))
    assert found.quarter_turns == 0
    assert found.uncertain or turned % 2 == 0


def test_a_blank_page_lies_upright() -> None:
    assert orientation.estimate(components.find(np.full((400, 300), 255, np.uint8))) == Orientation(0, uncertain=False)


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_turns_are_those_of_geometry(quarter_turns: int) -> None:
    page = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert np.array_equal(orientation.rotate(page, quarter_turns), np.rot90(page, quarter_turns))


@pytest.mark.parametrize("lang", ["rus", "ukr", "srp", "ell"])
@pytest.mark.parametrize("turned", range(4))
def test_shapes_of_other_than_latin_letters_decide_nothing_but_the_direction_of_lines(lang: str, turned: int) -> None:
    page = np.asarray(draw_sample(lang, size=28, repeat=5))
    found = components.find(np.ascontiguousarray(np.rot90(page, turned)))
    on_side = turned % 2 == 1
    assert orientation.estimate(found, latin=False) == Orientation(0, uncertain=on_side, on_side=on_side)
