from __future__ import annotations

import json
from typing import Any

import pytest

from kserve_ocr.protocol import layout
from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word

WORDS = (Word("Straße", (10, 20, 60, 40), 0.75), Word("7", (70, 20, 80, 40), 0.25))
LINE = Line((10, 20, 80, 40), WORDS, (10.0, 38.5, 80.0, 39.25), 21.5)
PAGE = PageLayout(200, 100, (Block((10, 20, 80, 40), (Paragraph((10, 20, 80, 40), (LINE,)),)),))


def test_a_page_survives_the_wire() -> None:
    assert layout.from_json(json.loads(json.dumps(layout.to_json(PAGE)))) == PAGE


def test_an_empty_page_survives_the_wire() -> None:
    empty = PageLayout(3, 4, ())

    assert layout.from_json(json.loads(json.dumps(layout.to_json(empty)))) == empty
    assert layout.to_json(empty)["confidence"] == 0


def test_every_part_has_the_mean_confidence_of_its_words() -> None:
    page = layout.to_json(PAGE)
    (block,) = page["blocks"]
    (paragraph,) = block["paragraphs"]
    (line,) = paragraph["lines"]

    assert [part["confidence"] for part in (page, block, paragraph, line)] == [0.5] * 4


def test_words_and_lines_in_reading_order() -> None:
    assert tuple(PAGE.iter_words()) == WORDS
    assert tuple(PAGE.iter_lines()) == (LINE,)


@pytest.mark.parametrize(
    "value", [{}, {"width": 1, "height": 1, "blocks": [{}]}, {"width": "x", "height": 1, "blocks": []}]
)
def test_what_is_no_page(value: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        layout.from_json(value)
