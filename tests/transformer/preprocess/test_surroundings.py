from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.support.scripts import DEJAVU
from tests.transformer.preprocess.pages import photographed, text_page
from transformer.preprocess import components, surroundings
from transformer.preprocess.prepare import prepare
from transformer.preprocess.steps import GEOMETRIC_STEPS
from transformer.preprocess.straighten import deskew


@pytest.mark.parametrize("size", [20, 32])
def test_the_stone_around_a_sheet_is_painted_white(size: int) -> None:
    page, _ = text_page(size=size, lines=12, width=500)
    picture, sheet = photographed(page)
    ready = prepare(picture, without=frozenset({"scale", "dewarp", "deskew"}))
    assert "surroundings" in ready.steps
    around = cv2.erode((~sheet).astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    assert np.mean(ready.pixels[around] < 200) < 0.02
    letters = len(components.find(page).letters)
    assert len(components.find(ready.pixels).letters) == pytest.approx(letters, rel=0.1)


def test_a_lone_number_on_the_sheet_stays() -> None:
    page, _ = text_page(size=24, lines=10, width=500)
    page = np.vstack([page, np.full((160, page.shape[1]), 255, np.uint8)])
    cv2.putText(page, "17", (240, len(page) - 70), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 3)
    picture, _ = photographed(page)
    number = np.s_[125 + len(page) - 100 : 125 + len(page) - 65, 125 + 230 : 125 + 290]
    ready = prepare(picture, without=frozenset({"scale", "dewarp", "deskew"}))
    assert "surroundings" in ready.steps
    assert ready.pixels[number].min() < 100


def test_a_column_of_short_numbers_on_fine_texture_stays() -> None:
    page, _ = text_page(size=22, lines=12, width=420)
    page = np.hstack([page, np.full((len(page), 206), 255, np.uint8)])
    for line in range(12):
        cv2.putText(page, "8.82", (560, round(22 * (2.8 + 1.6 * line))), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 0, 2)
    picture, sheet = photographed(page, grain=4)
    ready = prepare(picture, without=frozenset({"scale", "dewarp", "deskew"}))
    assert "surroundings" in ready.steps
    left = int(np.flatnonzero(sheet.any(axis=0))[0]) + 550
    assert np.count_nonzero(ready.pixels[sheet.any(axis=1), left : left + 76] < 128) > 0.9 * np.count_nonzero(
        page[:, 550:] < 128
    )


def test_prices_on_a_tilted_sheet_stay() -> None:
    font = ImageFont.truetype(DEJAVU.replace("Sans", "SansMono"), 18)
    image = Image.new("L", (348, 460), 255)
    pen = ImageDraw.Draw(image)
    for line in range(15):
        pen.text((24, 24 + 27 * line), ("COFFEE 229g", "BUTTER 380g", "TOMATO 594g")[line % 3], font=font, fill=0)
        pen.text((336, 24 + 27 * line), ("28.56", "13.28", "12.87")[line % 3], font=font, fill=0, anchor="ra")
    picture, sheet = photographed(np.asarray(image), grain=6)
    picture, _ = deskew.rotated(cv2.GaussianBlur(picture, (0, 0), 0.8).astype(np.uint8), 5)
    prices, _ = deskew.rotated(
        np.where(sheet & (np.arange(sheet.shape[1]) > sheet.shape[1] / 2), 0, 255).astype("u1"), 5
    )
    before = prepare(picture, without=GEOMETRIC_STEPS | {"surroundings"})
    after = prepare(picture, without=GEOMETRIC_STEPS)
    assert "surroundings" in after.steps
    inside = cv2.erode((prices < 128).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert np.count_nonzero(after.pixels[inside] < 128) > 0.95 * np.count_nonzero(before.pixels[inside] < 128)


def test_a_page_without_texture_stays() -> None:
    page, _ = text_page()
    assert surroundings.whitened(page, components.find(page)) is None


def test_texture_without_text_stays() -> None:
    picture, sheet = photographed(np.full((300, 400), 255, np.uint8))
    assert surroundings.whitened(picture, components.find(picture)) is None
    assert (picture[~sheet] < 200).any()


@pytest.mark.parametrize("seed", range(6))
def test_pages_of_grains_alone_stay(seed: int) -> None:
    picture, _ = photographed(np.full((40, 300), 215, np.uint8), grain=4 + 2 * seed, seed=seed)
    assert surroundings.whitened(picture, components.find(picture)) is None
    assert surroundings.whitened(picture[:40, :40].copy(), components.find(picture[:40, :40].copy())) is None


def test_a_drawing_within_the_text_stays() -> None:
    page, _ = text_page(lines=12)
    drawing = photographed(np.full((40, 400), 255, np.uint8))[0]
    page = page.copy()
    page[200 : 200 + len(drawing), 200 : 200 + drawing.shape[1]] = drawing
    assert surroundings.whitened(page, components.find(page)) is None


def test_the_step_can_be_left_out() -> None:
    picture, _ = photographed(text_page(size=24, lines=12, width=500)[0])
    assert "surroundings" not in prepare(picture, without=frozenset({"surroundings"})).steps


def test_letters_in_straight_rows_are_told_from_grains() -> None:
    page, _ = text_page(size=24, lines=10, width=500)
    picture, sheet = photographed(page)
    found = components.find(picture)
    members = surroundings.in_straight_rows(found)
    middles = found.stats[:, :2] + found.stats[:, 2:4] // 2
    inside = sheet[np.minimum(middles[:, 1], sheet.shape[0] - 1), np.minimum(middles[:, 0], sheet.shape[1] - 1)]
    assert np.count_nonzero(members & inside) > 0.6 * len(components.find(page).letters)
    assert np.count_nonzero(members & ~inside) < 0.02 * np.count_nonzero(~inside)
