from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph, Word
from transformer.geometry import Dewarp, Geometry

SIZES = st.tuples(st.integers(200, 3000), st.integers(200, 3000))


def layout_of(size: tuple[int, int], boxes: list[Box]) -> PageLayout:
    """A page with one block of one paragraph of one line."""
    words = tuple(Word(text=f"w{index}", bbox=box, confidence=0.5) for index, box in enumerate(boxes))
    around = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    line = Line(
        bbox=around,
        words=words,
        baseline=(around[0], around[3], around[2], around[3]),
        height=around[3] - around[1],
    )
    paragraph = Paragraph(bbox=around, lines=(line,))
    return PageLayout(*size, blocks=(Block(bbox=around, paragraphs=(paragraph,)),))


def words_of(layout: PageLayout) -> list[Box]:
    return [word.bbox for word in layout.iter_words()]


def gentle_dewarp(size: tuple[int, int]) -> Dewarp:
    return Dewarp(size, ((0.02, 0.03, 0.0), (0.05, -0.01, 0.0), (0.01, 0.0, 0.0)), (-0.9, 0.9, -0.9, 0.9))


def test_identity_gives_the_layout_back() -> None:
    layout = layout_of((100, 50), [(1, 2, 30, 20)])
    assert Geometry.identity(100, 50).to_original(layout) is layout


def test_turns_follow_rot90() -> None:
    page = np.zeros((4, 6), dtype=np.uint8)
    page[1, 2] = 1
    for quarter_turns in range(4):
        geometry = Geometry.quarter_turned((6, 4), quarter_turns)
        turned = np.rot90(page, quarter_turns)
        assert geometry.preprocessed == turned.shape[::-1]
        ((x, y),) = geometry.forward([(2.5, 1.5)])
        assert turned[int(y), int(x)] == 1


def test_rotation_is_counterclockwise_and_keeps_the_corners() -> None:
    geometry = Geometry.rotated((400, 200), 30)
    corners = geometry.forward([(0, 0), (400, 0), (400, 200), (0, 200)])
    assert corners[1][1] < corners[0][1]
    assert corners.min() >= -1
    assert (corners.max(axis=0) <= np.array(geometry.preprocessed) + 1).all()
    assert Geometry.rotated((400, 200), 0).preprocessed == (400, 200)


def test_steps_join_only_where_sizes_match() -> None:
    first = Geometry.scaled((100, 50), (200, 100))
    both = first.then(Geometry.quarter_turned((200, 100), 1))
    assert both.original == (100, 50)
    assert both.preprocessed == (100, 200)
    assert both.inverse([(20.0, 40.0)])[0] == pytest.approx((80.0, 10.0))
    with pytest.raises(ValueError, match="cannot follow"):
        first.then(Geometry.quarter_turned((100, 50), 1))


@given(SIZES, st.floats(-30, 30), st.integers(0, 3), st.floats(0.3, 4))
def test_points_come_back_through_every_kind_of_step(
    size: tuple[int, int], degrees: float, quarter_turns: int, factor: float
) -> None:
    geometry = Geometry.quarter_turned(size, quarter_turns)
    scaled = (round(geometry.preprocessed[0] * factor), round(geometry.preprocessed[1] * factor))
    geometry = geometry.then(Geometry.scaled(geometry.preprocessed, scaled))
    geometry = geometry.then(Geometry.dewarped(gentle_dewarp(geometry.preprocessed)))
    geometry = geometry.then(Geometry.rotated(geometry.preprocessed, degrees))
    points = np.random.default_rng(0).uniform((0, 0), size, (20, 2))
    assert np.abs(geometry.inverse(geometry.forward(points)) - points).max() < 0.1


@given(SIZES)
def test_a_bend_loses_nothing_of_the_page(size: tuple[int, int]) -> None:
    geometry = Geometry.dewarped(gentle_dewarp(size))
    across = np.linspace(0, size[0], 30)
    edges = np.concatenate([np.stack([across, np.zeros(30)], axis=1), np.stack([across, np.full(30, size[1])], axis=1)])
    y = geometry.forward(edges)[:, 1]
    assert y.min() >= -0.5
    assert y.max() <= geometry.preprocessed[1] + 0.5


@given(
    SIZES,
    st.lists(st.tuples(st.floats(0, 0.8), st.floats(0, 0.9)), min_size=1, max_size=8),
    st.floats(-8, 8),
    st.floats(0.4, 3.5),
)
def test_boxes_of_drawn_words_are_found_again(
    size: tuple[int, int], places: list[tuple[float, float]], degrees: float, factor: float
) -> None:
    width, height = size
    boxes = [
        (
            int(x * width),
            int(y * height),
            int(x * width) + max(1, int(0.15 * width)),
            int(y * height) + max(1, int(0.05 * height)),
        )
        for x, y in places
    ]
    geometry = Geometry.scaled(size, (round(width * factor), round(height * factor)))
    geometry = geometry.then(Geometry.rotated(geometry.preprocessed, degrees))
    read = []
    for x0, y0, x1, y1 in boxes:
        # The reader draws a level box around the middle of the tilted word, as wide and high as the word.
        ((x, y),) = geometry.forward([((x0 + x1) / 2, (y0 + y1) / 2)])
        w, h = (x1 - x0) * factor, (y1 - y0) * factor
        read.append((round(x - w / 2), round(y - h / 2), round(x + w / 2), round(y + h / 2)))
    back = words_of(geometry.to_original(layout_of(geometry.preprocessed, read)))
    sin = abs(math.sin(math.radians(degrees)))
    for (x0, y0, x1, y1), found in zip(boxes, back, strict=True):
        # The level word's own tilt on the original makes its hull larger; beyond that nothing may be off.
        across = (sin * (y1 - y0)) / 2 + max(3, 0.01 * width)
        down = (sin * (x1 - x0)) / 2 + max(3, 0.01 * height)
        for value, drawn, slack in zip(found, (x0, y0, x1, y1), (across, down, across, down), strict=True):
            assert abs(value - drawn) <= slack


def test_boxes_stay_on_the_page_and_are_never_empty() -> None:
    geometry = Geometry.rotated((100, 100), 5)
    layout = layout_of(geometry.preprocessed, [(0, 0, 1, 1), (0, 0, *geometry.preprocessed), (107, 107, 108, 108)])
    for x0, y0, x1, y1 in words_of(geometry.to_original(layout)):
        assert 0 <= x0 < x1 <= 100
        assert 0 <= y0 < y1 <= 100


def test_parts_enclose_what_they_hold_and_rows_follow_the_scale() -> None:
    geometry = Geometry.scaled((100, 80), (200, 160))
    original = geometry.to_original(layout_of((200, 160), [(20, 40, 60, 80), (80, 44, 120, 80)]))
    (block,) = original.blocks
    (line,) = block.paragraphs[0].lines
    assert (original.width, original.height) == (100, 80)
    assert block.bbox == block.paragraphs[0].bbox == line.bbox == (10, 20, 60, 40)
    assert line.baseline == pytest.approx((10, 40, 60, 40))
    assert line.height == pytest.approx(20)
    assert [word.text for word in line.words] == ["w0", "w1"]


def test_a_part_that_holds_nothing_keeps_its_own_box() -> None:
    layout = PageLayout(200, 160, blocks=(Block(bbox=(20, 40, 60, 80), paragraphs=()),))
    (block,) = Geometry.scaled((100, 80), (200, 160)).to_original(layout).blocks
    assert block.bbox == (10, 20, 30, 40)


def test_a_page_without_blocks_takes_the_original_size() -> None:
    empty = PageLayout(200, 160, blocks=())
    assert Geometry.scaled((100, 80), (200, 160)).to_original(empty) == PageLayout(100, 80, blocks=())


@pytest.mark.parametrize("quarter_turns", range(4))
def test_rotation_and_skew_of_a_page(quarter_turns: int) -> None:
    turned = Geometry.quarter_turned((100, 50), quarter_turns)
    straightened = turned.then(Geometry.rotated(turned.preprocessed, 3.0))
    assert straightened.rotation == -90 * quarter_turns % 360
    assert straightened.skew == pytest.approx(-3)
