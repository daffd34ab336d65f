from __future__ import annotations

import orjson

from kserve_ocr.protocol.layout import Line, Word, from_json
from tests.transformer.formats.conftest import DrawnPage
from tests.transformer.formats.drawn import layout, line
from transformer.formats.words_json import words_json


def test_pages_come_back_as_they_were() -> None:
    pages = [layout(line("first page")), layout()]
    value = orjson.loads(words_json(pages))
    assert [page["page"] for page in value["pages"]] == [1, 2]
    assert [from_json(page) for page in value["pages"]] == pages


def test_every_level_has_its_box_and_its_mean_confidence() -> None:
    row = Line(
        (10, 10, 90, 40), (Word("a", (10, 10, 40, 40), 0.5), Word("b", (50, 10, 90, 40), 1.0)), (10, 38, 90, 38), 30
    )
    (page,) = orjson.loads(words_json([layout(row)]))["pages"]
    (block,) = page["blocks"]
    (paragraph,) = block["paragraphs"]
    (found,) = paragraph["lines"]
    assert [part["confidence"] for part in (page, block, paragraph, found)] == [0.75] * 4
    assert found["bbox"] == [10, 10, 90, 40]
    assert found["words"][1] == {"text": "b", "bbox": [50, 10, 90, 40], "confidence": 1.0}


def test_page_without_words_has_confidence_0() -> None:
    assert orjson.loads(words_json([layout()]))["pages"] == [
        {"page": 1, "width": 1200, "height": 800, "confidence": 0.0, "blocks": []}
    ]


def test_pages_keep_their_numbers_in_the_document() -> None:
    value = orjson.loads(words_json([layout(), layout()], numbers=[7, 3]))
    assert [page["page"] for page in value["pages"]] == [7, 3]


def test_boxes_of_a_real_page_lie_on_the_drawn_words(read_page: DrawnPage) -> None:
    page, drawn = read_page
    found = [
        (word["text"], word["bbox"])
        for block in orjson.loads(words_json([page]))["pages"][0]["blocks"]
        for paragraph in block["paragraphs"]
        for row in paragraph["lines"]
        for word in row["words"]
    ]
    assert [text for text, _ in found] == [text for text, _ in drawn]
    for (_, box), (_, ink) in zip(found, drawn, strict=True):
        assert max(abs(a - b) for a, b in zip(box, ink, strict=True)) <= 3
