from __future__ import annotations

import pytest

from tests.support.drawn_layouts import Pen, page, prose
from transformer.structure.content.outline import find_roles

PEN, LARGE, HUGE = Pen(20), Pen(28), Pen(44)


def test_larger_lines_are_headings_of_levels() -> None:
    layout = page(
        [HUGE.line("The Title", 100, 100)],
        PEN.lines(prose(6), 100, 200),
        [LARGE.line("First chapter", 100, 420)],
        PEN.lines(prose(6), 100, 500),
        [LARGE.line("Second chapter", 100, 720)],
        PEN.lines(prose(6), 100, 800),
    )

    roles = find_roles(layout)

    assert [(role.kind, role.level) for role in roles if role.kind != "text"] == [
        ("heading", 1),
        ("heading", 2),
        ("heading", 2),
    ]


def test_a_page_of_one_size_has_no_headings() -> None:
    assert {role.kind for role in find_roles(page(PEN.lines(prose(12), 100, 100)))} == {"text"}


def test_large_numbers_and_long_texts_are_no_headings() -> None:
    layout = page(
        PEN.lines(prose(12), 100, 100),
        [HUGE.line("12.50", 100, 600)],
        [HUGE.line("a b c d e f g h i k l m n o p r s t", 100, 700)],
    )

    assert {role.kind for role in find_roles(layout)} == {"text"}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("• apples", "bullet"),
        ("- pears", "bullet"),
        ("1. First", "number"),
        ("12) Twelfth", "number"),
        ("(a) choice", "number"),
        ("b) choice", "number"),
        ("1984 was a year", "text"),
        ("-12 degrees", "text"),
        ("etc. and more", "text"),
        ("•", "text"),
    ],
)
def test_lists_are_told_by_how_lines_begin(line: str, kind: str) -> None:
    roles = find_roles(page(PEN.lines([*prose(3), line], 100, 100)))

    assert roles[-1].kind == kind
