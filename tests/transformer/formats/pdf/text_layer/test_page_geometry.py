from __future__ import annotations

import pytest

from transformer.formats.pdf.text_layer.page_geometry import LETTER, Box, Matrix, normalized, view_to_page, visible_box


@pytest.mark.parametrize(
    ("rotate", "corner"), [(0, (10, 220)), (90, (10, 20)), (180, (110, 20)), (270, (110, 220)), (-90, (110, 220))]
)
def test_the_top_left_corner_of_the_view(rotate: int, corner: tuple[float, float]) -> None:
    assert view_to_page((400, 200), (10, 20, 110, 220), rotate).apply(0, 0) == pytest.approx(corner)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_whole_view_covers_the_whole_box(rotate: int) -> None:
    matrix = view_to_page((400, 200), (10, 20, 110, 220), rotate)
    corners = {tuple(round(value, 6) for value in matrix.apply(x, y)) for x in (0, 400) for y in (0, 200)}
    assert corners == {(10, 20), (110, 20), (10, 220), (110, 220)}


def test_maps_follow_one_another() -> None:
    both = Matrix(2, 0, 0, 3, 1, 1).then(Matrix(0, 1, -1, 0, 10, 20))
    assert both.apply(5, 7) == Matrix(0, 1, -1, 0, 10, 20).apply(11, 22)


@pytest.mark.parametrize(
    ("media", "crop", "shown"),
    [
        ((0, 0, 100, 50), None, (0, 0, 100, 50)),
        ((100, 50, 0, 0), None, (0, 0, 100, 50)),
        ((0, 0, 100, 50), (10, -10, 300, 40), (10, 0, 100, 40)),
        ((0, 0, 100, 50), (200, 200, 300, 300), (0, 0, 100, 50)),
        (None, None, LETTER),
        ((5, 5, 5, 5), None, LETTER),
    ],
)
def test_the_part_that_viewers_show(media: Box | None, crop: Box | None, shown: Box) -> None:
    assert visible_box(media, crop) == shown


def test_an_empty_box_is_no_box() -> None:
    assert normalized((3, 3, 3, 9)) is None
