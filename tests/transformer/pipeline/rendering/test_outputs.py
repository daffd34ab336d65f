from __future__ import annotations

import dataclasses
import json

import pytest
from lxml import etree
from msgspec.structs import replace

from kserve_ocr.protocol import names
from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word
from kserve_ocr.protocol.parameters import RecognitionOptions
from kserve_ocr.protocol.v2_response import Tensor
from transformer.pipeline.ocr_request import ENTRY_OUTPUTS, OUTPUTS, Document
from transformer.pipeline.rendering import outputs
from transformer.pipeline.results import DocumentResult, PageResult

SOURCE = Document(b"", RecognitionOptions(lang="eng+deu"), preprocess=True, orient=True, order="auto", selection=None)


def page(number: int, text: str, *, confidence: float = 0.5) -> PageResult:
    """A page with one line of these words."""
    words = tuple(Word(word, (20 * at, 5, 20 * at + 16, 15), confidence) for at, word in enumerate(text.split()))
    box = (0, 5, 20 * len(words), 15)
    line = Line(box, words, (0.0, 15.0, 90.0, 15.0), 10.0)
    blocks = (Block(box, (Paragraph(box, (line,)),)),) if words else ()
    return PageResult(number, text + "\n", confidence if words else 0.0, PageLayout(100, 20, blocks), (150, 150))


def document(*pages: PageResult) -> DocumentResult:
    return DocumentResult(SOURCE, pages, b"%PDF-1.7")


TWO = [document(page(1, "one"), page(3, "two words", confidence=0.8)), document(page(1, ""))]


def test_pages_are_separated_by_form_feeds() -> None:
    assert outputs.make(["output-0", "text"], TWO) == {
        "output-0": Tensor("BYTES", ["one\n\ftwo words\n", "\n"]),
        "text": Tensor("BYTES", ["one\n\ftwo words\n", "\n"]),
    }


def test_confidence_weighs_every_word_alike() -> None:
    tensor = outputs.make(["confidence"], TWO)["confidence"]
    first, blank = tensor.data

    assert tensor.datatype == "FP32"
    assert first == pytest.approx((0.5 + 2 * 0.8) / 3)
    assert blank == 0


def test_pages_are_counted() -> None:
    assert outputs.make(["pages"], TWO) == {"pages": Tensor("INT32", [2, 1])}


def test_outputs_come_in_the_order_asked_for_with_one_value_a_document() -> None:
    wanted = [name for name in reversed(OUTPUTS) if name != names.PAGE_XML]  # which holds one page

    found = outputs.make(wanted, TWO)

    assert list(found) == wanted
    assert {name: tensor.datatype for name, tensor in found.items()} == {name: OUTPUTS[name] for name in wanted}
    assert all(len(found[name].data) == 2 for name in wanted if name not in ENTRY_OUTPUTS)


def test_every_format_tells_the_same_words_and_the_documents_page_numbers() -> None:
    found = {
        name: tensor.data[0] for name, tensor in outputs.make(["words", "tsv", "hocr", "alto", "pdf"], TWO).items()
    }

    pages = json.loads(found["words"])["pages"]
    assert [entry["page"] for entry in pages] == [1, 3]
    rows = [row.split("\t") for row in found["tsv"].splitlines()[1:]]
    assert [row[11] for row in rows if row[0] == "5"] == ["one", "two", "words"]
    assert [row[1] for row in rows if row[0] == "5"] == ["1", "3", "3"]
    hocr = etree.fromstring(found["hocr"].encode())
    assert hocr.xpath("//*[@class='ocrx_word']/text()") == ["one", "two", "words"]
    alto = etree.fromstring(found["alto"].encode())
    assert alto.xpath("//*[local-name()='String']/@CONTENT") == ["one", "two", "words"]
    assert alto.xpath("//*[local-name()='Page']/@PHYSICAL_IMG_NR") == ["1", "3"]
    assert found["pdf"] == b"%PDF-1.7"


def test_lines_of_all_documents_as_flat_lists() -> None:
    found = outputs.make(["boxes", "txts", "scores", "page_index"], TWO)

    assert found["txts"].data == ["one", "two words"]
    assert found["page_index"].data == [0, 1]
    assert found["scores"].data == [0.5, 0.8]
    assert found["boxes"].full_shape == (2, 4, 2)
    x0, y0, x1, y1 = TWO[0].layouts[0].blocks[0].bbox
    assert found["boxes"].data[:8] == [x0, y0, x1, y0, x1, y1, x0, y1]


def test_words_as_flat_lists() -> None:
    by_word = [replace(read, document=dataclasses.replace(read.document, by_word=True)) for read in TWO]

    assert outputs.make(["txts"], by_word)["txts"].data == ["one", "two", "words"]


def test_a_blank_page_has_no_entries() -> None:
    found = outputs.make(["boxes", "txts", "scores", "page_index"], TWO[1:])

    assert [tensor.full_shape for tensor in found.values()] == [(0, 4, 2), (0,), (0,), (0,)]
