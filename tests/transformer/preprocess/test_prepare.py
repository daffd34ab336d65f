from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.transformer.preprocess.pages import curved, text_page
from transformer.geometry import Geometry
from transformer.preprocess.prepare import STEPS, PreprocessedPage, prepare

Pixels = NDArray[np.uint8]

SIDES = st.one_of(st.integers(1, 40), st.sampled_from([97, 300, 3000]))


def assert_sound(page: Pixels, ready: PreprocessedPage) -> None:
    assert ready.pixels.dtype == np.uint8
    assert ready.pixels.flags.c_contiguous
    assert ready.geometry.original == page.shape[1::-1]
    assert ready.geometry.preprocessed == ready.pixels.shape[::-1]
    assert set(ready.steps) <= set(STEPS)


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.booleans(), st.sampled_from(["black", "white", "noise", "grain", "stripes"]))
def test_any_page_can_be_prepared(height: int, width: int, color: bool, kind: str) -> None:
    if height * width > 1_000_000:
        width = 300
    shape = (height, width, 3) if color else (height, width)
    draw = np.random.default_rng(height * 7919 + width)
    page = {
        "black": np.zeros(shape, np.uint8),
        "white": np.full(shape, 255, np.uint8),
        "noise": draw.integers(0, 256, shape, dtype=np.uint8),
        "grain": draw.integers(200, 256, shape, dtype=np.uint8),
        "stripes": np.broadcast_to((np.arange(width) % 7 > 2)[None, :, None] * 255, (height, width, 3))[
            ..., : 3 if color else 1
        ]
        .reshape(shape)
        .astype(np.uint8),
    }[kind]
    assert_sound(page, prepare(page))


@settings(max_examples=12, deadline=None)
@given(st.integers(38, 48), st.integers(0, 1000))
def test_a_clean_page_is_left_as_it_is(size: int, seed: int) -> None:
    page, _ = text_page(size=size, width=30 * size, seed=seed)
    ready = prepare(page, dpi=300)
    assert ready.steps == ()
    assert np.shares_memory(ready.pixels, page)
    assert ready.geometry == Geometry.identity(page.shape[1], page.shape[0])
    assert ready.dpi == 300
    assert not ready.orientation_uncertain


def test_preparing_twice_changes_nothing_more() -> None:
    page, _ = text_page(size=14)
    first = prepare(page)
    assert "scale" in first.steps
    second = prepare(first.pixels)
    assert second.steps == ()
    assert np.array_equal(first.pixels, second.pixels)


def test_without_auto_a_page_is_only_converted_to_gray() -> None:
    page, _ = text_page(size=12)
    color = np.dstack([page, page, page])
    ready = prepare(255 - color, auto=False)
    assert ready.steps == ()
    assert np.array_equal(ready.pixels, 255 - page)
    assert ready.geometry == Geometry.identity(page.shape[1], page.shape[0])


@pytest.mark.parametrize("step", STEPS)
def test_a_step_can_be_left_out(step: str) -> None:
    page, _ = text_page(size=14)
    dark = np.dstack([np.rot90(curved(255 - page, degrees=8))] * 3)
    assert step not in prepare(np.ascontiguousarray(dark), without=frozenset({step})).steps


def test_orientation_can_be_left_alone() -> None:
    page, _ = text_page()
    turned = np.ascontiguousarray(np.rot90(page))
    assert "orient" in prepare(turned).steps
    assert "orient" not in prepare(turned, orient=False).steps


@settings(max_examples=10, deadline=None)
@given(st.floats(-6, 6), st.sampled_from([11, 14, 28, 40]), st.integers(0, 3))
def test_words_are_found_where_they_were_drawn(degrees: float, size: int, quarter_turns: int) -> None:
    """The ink inside each word's box, carried to the prepared page and back, lies where the word was drawn."""
    page, boxes = text_page(size=size, width=40 * size)
    tilt = Geometry.rotated(page.shape[::-1], degrees)
    original = rotate(page, tilt)
    original = np.ascontiguousarray(np.rot90(original, quarter_turns))
    drawn = tilt.then(Geometry.quarter_turned(tilt.preprocessed, quarter_turns))
    ready = prepare(original)
    assert_sound(original, ready)
    slack = max(3.0, 0.01 * max(original.shape))
    mapped = np.array([[(x0 + x1) / 2, (y0 + y1) / 2] for x0, y0, x1, y1 in boxes])
    on_read = ready.geometry.forward(drawn.forward(mapped))
    width, height = ready.geometry.preprocessed
    assert (on_read >= 0).all()
    assert (on_read <= (width, height)).all()
    dark = 255 - ready.pixels.astype(float)
    for x, y in on_read:
        around = dark[max(0, int(y) - 4) : int(y) + 5, max(0, int(x) - 14) : int(x) + 15]
        assert around.max() > 100
    assert np.abs(ready.geometry.inverse(on_read) - drawn.forward(mapped)).max() <= slack


@pytest.mark.parametrize("axis", [0, 1])
def test_a_page_too_large_for_deskew_is_left_unchanged(axis: int) -> None:
    page, _ = text_page(size=34, width=700, lines=10)
    skewed = rotate(page, Geometry.rotated(page.shape[::-1], 3.0))
    assert "deskew" in prepare(skewed).steps
    endless = np.concatenate([skewed] * (33_000 // skewed.shape[axis] + 1), axis=axis)
    ready = prepare(endless, orient=False)
    assert_sound(endless, ready)
    assert not {"deskew", "dewarp"} & set(ready.steps)


def rotate(page: Pixels, geometry: Geometry) -> Pixels:
    """The page under a geometry, sampled pixel by pixel with numpy alone."""
    width, height = geometry.preprocessed
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    sources = geometry.inverse(np.stack([x.ravel(), y.ravel()], axis=1)).astype(int)
    inside = ((sources >= 0) & (sources < (page.shape[1], page.shape[0]))).all(axis=1)
    pixels = np.full(width * height, 255, np.uint8)
    pixels[inside] = page[sources[inside, 1], sources[inside, 0]]
    return pixels.reshape(height, width)


@pytest.mark.parametrize("degrees", [0.0, 3.0, 90.0])
@pytest.mark.parametrize("size", [9, 32])
def test_letters_are_told_where_they_are_on_the_prepared_page(size: int, degrees: float) -> None:
    image = Image.fromarray(text_page(size=size)[0]).rotate(degrees, expand=True, fillcolor=255)

    ready = prepare(np.asarray(image))

    assert len(ready.letters) > 50
    ink = [ready.pixels[round(y0) : round(y1), round(x0) : round(x1)].min() < 128 for x0, y0, x1, y1 in ready.letters]
    assert np.mean(ink) > 0.97


def test_without_preparation_no_letters_are_told() -> None:
    assert prepare(text_page(size=20)[0], auto=False).letters.shape == (0, 4)
