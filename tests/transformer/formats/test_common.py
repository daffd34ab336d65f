from __future__ import annotations

import pytest
from lxml import etree
from msgspec.structs import replace

from tests.transformer.formats.drawn import layout, line
from transformer.formats.common import escape, language_tag, number, numbered, text_angle


def test_every_character_survives_or_is_replaced() -> None:
    text = "".join(map(chr, range(0x300))) + "\ud7ff\ud800\udfff\ue000\ufffd\ufffe\uffff\U0001f600\U0010ffff"
    element = etree.fromstring(f"<a>{escape(text)}</a>")
    illegal = {*map(chr, range(0x20)), *"\ud800\udfff\ufffe\uffff"} - {*"\t\n\r"}
    # A parser makes a line feed of a carriage return.
    assert element.text == "".join("\ufffd" if char in illegal else char for char in text).replace("\r", "\n")


def test_both_quotes_are_escaped() -> None:
    assert escape("'\"") == "&#39;&quot;"


@pytest.mark.parametrize(
    ("model", "tag"),
    [("eng", "eng"), ("chi_sim_vert", "chi-sim-vert"), ("script/Latin", "und"), ("my_ownlanguagemodel", "und")],
)
def test_language_tags(model: str, tag: str) -> None:
    assert language_tag(model) == tag


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1.0, 2, "1"), (1.256, 2, "1.26"), (-0.001, 2, "0"), (100.0, 0, "100"), (0.5, 3, "0.5"), (-20.0, 1, "-20")],
)
def test_numbers_are_short(value: float, digits: int, text: str) -> None:
    assert number(value, digits) == text


@pytest.mark.parametrize(
    ("end", "angle"), [((9.0, 5.0), 0), ((5.0, 1.0), 90), ((1.0, 5.0), 180), ((5.0, 9.0), 270), ((9.0, 1.0), 45)]
)
def test_angles_are_counter_clockwise(end: tuple[float, float], angle: float) -> None:
    assert text_angle(replace(line("a"), baseline=(5.0, 5.0, *end))) == pytest.approx(angle)


def test_pages_count_from_1_unless_they_have_numbers() -> None:
    pages = [layout(), layout()]
    assert [number for number, _ in numbered(pages, None)] == [1, 2]
    assert [number for number, _ in numbered(pages, [9, 4])] == [9, 4]


def test_numbers_must_fit_the_pages() -> None:
    with pytest.raises(ValueError, match="longer"):
        list(numbered([layout(), layout()], [1]))
