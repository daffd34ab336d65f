"""Rows of pixels of a page that are recognized again, and layouts of them in pixels of the page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import Line, Word
from tests.support.drawn_layouts import Pen, page, prose
from transformer.structure.excerpt import excerpt, whole
from transformer.structure.remainder import unread_part

PEN = Pen(20)
SIZE = (1400, 900)


def numbered() -> NDArray[np.uint8]:
    """A page whose pixels tell their row and column."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    pixels: NDArray[np.uint8] = ((7 * rows + 3 * columns) % 251).astype(np.uint8)
    return pixels


def test_an_excerpt_has_the_rows_of_its_boxes_with_paper_around_them() -> None:
    part = excerpt(numbered(), np.array([[300, 100, 320, 120], [600, 700, 620, 720]], float))

    assert part.left == 276
    assert part.rows.tolist() == [*range(76, 144), *range(676, 744)]
    assert (part.pixels == numbered()[part.rows, 276:644]).all()
    assert part.pixels.flags.c_contiguous


def test_an_excerpt_ends_at_the_edges_of_the_page() -> None:
    part = excerpt(numbered(), np.array([[2, 1, 22, 21], [1380, 885, 1399, 905]], float))

    assert part.left == 0
    assert part.pixels.shape == (len(part.rows), SIZE[0])
    assert part.rows[[0, -1]].tolist() == [0, SIZE[1] - 1]


def test_words_of_an_excerpt_lie_where_they_are_on_the_page() -> None:
    part = excerpt(numbered(), np.array([[300, 100, 320, 120], [600, 700, 620, 720]], float))
    line = Line((10, 100, 80, 120), (Word("low", (10, 100, 80, 120), 0.9),), (10, 118.5, 80, 119.5), 20)

    found = part.on_page(page([line], width=368, height=136), width=SIZE[0], height=SIZE[1])

    (moved,) = found.iter_lines()
    assert found == page([moved], width=SIZE[0], height=SIZE[1])
    assert [moved.bbox, *(word.bbox for word in moved.words)] == [(286, 708, 356, 728)] * 2
    assert moved.baseline == (286.0, 726.5, 356.0, 727.5)
    assert moved.height == 20


def test_a_box_that_ends_with_the_excerpt_ends_with_its_last_row() -> None:
    part = excerpt(numbered(), np.array([[300, 100, 320, 120]], float))
    line = Line((0, 40, 60, 68), (Word("end", (0, 40, 60, 68), 0.9),), (0, 68, 60, 68), 20)

    (moved,) = part.on_page(page([line], width=68, height=68), width=SIZE[0], height=SIZE[1]).iter_lines()

    assert moved.bbox == (276, 116, 336, 144)
    assert moved.baseline[1] == 144


def test_a_whole_page_is_an_excerpt_that_moves_nothing() -> None:
    layout = page(PEN.lines(prose(3), 100, 100), width=SIZE[0], height=SIZE[1])

    assert whole(numbered()).on_page(layout, width=SIZE[0], height=SIZE[1]) == layout


def test_only_the_rows_of_what_was_left_out_are_recognized_again() -> None:
    lines = PEN.lines(prose(12), 100, 100)
    letters = np.array([word.bbox for line in lines for word in line.words], float)
    letters[:, 2] = letters[:, 0] + 12
    pixels = np.full((SIZE[1], SIZE[0]), 255, np.uint8)

    part = unread_part(pixels, page(lines[:9], width=SIZE[0], height=SIZE[1]), letters)
    most = unread_part(pixels, page(lines[:3], width=SIZE[0], height=SIZE[1]), letters)

    top = min(word.bbox[1] for word in lines[9].words)
    assert lines[8].bbox[1] <= part.rows[0] <= top
    assert len(part.rows) < SIZE[1] / 4
    assert most.pixels.shape == pixels.shape
