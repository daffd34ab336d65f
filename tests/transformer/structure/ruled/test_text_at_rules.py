"""Which pages rules have spoiled, and which part of them is looked at again."""

from __future__ import annotations

import numpy as np
import pytest

from kserve_ocr.protocol.layout import Line, PageLayout
from tests.support.drawn_layouts import Pen, page, prose, texts
from transformer.structure.ruled import text_at_rules
from transformer.structure.separators import Separators

SURE, UNSURE = Pen(20, confidence=0.9), Pen(20, confidence=0.6)
SIZE = (1000, 1200)
LETTERS = np.array([[100, 100, 110, 114]] * 9, float)


def form(pen: Pen, *, entries: int = 8) -> tuple[PageLayout, Separators]:
    """A page of sure prose, with entries on rules below it."""
    lines = pen.lines([f"entry {number}" for number in range(entries)], 100, 500, leading=60)
    layout = page(SURE.lines(prose(6), 100, 100), lines, width=SIZE[0], height=SIZE[1])
    return layout, Separators(horizontal=tuple((90, line.bbox[3] + 2, 600, line.bbox[3] + 5) for line in lines))


def pixels(layout: PageLayout, separators: Separators) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The page with strokes for letters."""
    drawn = np.full((layout.height, layout.width), 255, np.uint8)
    for word in layout.iter_words():
        x0, y0, x1, y1 = word.bbox
        for x in range(x0, x1, 5):
            drawn[y0:y1, x : x + 2] = 0
    for x0, y0, x1, y1 in separators.horizontal:
        drawn[y0:y1, x0:x1] = 0
    return drawn


def test_a_form_whose_entries_are_uncertain_is_spoiled() -> None:
    assert text_at_rules.is_spoiled(*form(UNSURE))


def test_a_form_that_was_recognized_well_is_not() -> None:
    assert not text_at_rules.is_spoiled(*form(SURE))


def test_uncertain_lines_apart_from_rules_do_not_count() -> None:
    layout, separators = form(UNSURE)
    far = tuple((x0 + 800, y0, x1 + 800, y1) for x0, y0, x1, y1 in separators.horizontal)

    assert not text_at_rules.is_spoiled(layout, Separators(horizontal=far))


@pytest.mark.parametrize(
    ("entries", "spoiled"), [(text_at_rules.LEAST_RULES - 1, False), (text_at_rules.LEAST_RULES, True)]
)
def test_a_page_with_few_rules_is_no_form(entries: int, spoiled: bool) -> None:
    assert text_at_rules.is_spoiled(*form(UNSURE, entries=entries)) == spoiled


def test_a_long_page_is_not_looked_at_again() -> None:
    layout, separators = form(UNSURE)
    long = page(list(layout.iter_lines()), SURE.lines(prose(120), 100, 1500))

    assert not text_at_rules.is_spoiled(long, separators)


def test_the_part_has_the_uncertain_lines_without_rules_and_no_others() -> None:
    layout, separators = form(UNSURE)

    part = text_at_rules.part_without_rules(pixels(layout, separators), layout, LETTERS, separators)

    assert part is not None
    entries: list[Line] = [line for line in layout.iter_lines() if line.words[0].text == "entry"]
    assert min(part.rows) > 400
    assert {row for line in entries for row in range(line.bbox[1], line.bbox[3])} < {*part.rows.tolist()}
    ink = np.flatnonzero((part.pixels < 128).any(axis=1))
    rules = {row for _, y0, _, y1 in separators.horizontal for row in range(y0, y1)}
    assert rules.isdisjoint(part.rows[ink].tolist())


def test_there_is_no_part_where_nothing_is_left_beside_rules() -> None:
    layout, separators = form(SURE)

    assert text_at_rules.part_without_rules(pixels(layout, separators), layout, LETTERS, separators) is None


def test_surer_and_missed_words_are_recovered() -> None:
    first = page(UNSURE.lines(["TELFQRD"], 100, 100))
    second = page(SURE.lines(["TELFORD"], 100, 100), SURE.lines(["Lorillard"], 100, 200))

    assert texts(text_at_rules.with_recovered(first, second)) == ["TELFORD", "Lorillard"]
