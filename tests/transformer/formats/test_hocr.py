from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, Word
from predictor.engines.tesserocr_layout import page_layout
from tests.transformer.formats import drawn
from tests.transformer.formats.drawn import layout, line
from transformer.formats.hocr import hocr

_XHTML = {"h": "http://www.w3.org/1999/xhtml"}


def _parsed(data: bytes) -> Any:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _titles(data: bytes, kind: str) -> list[dict[str, str]]:
    """The properties of all elements of a class."""
    found = _parsed(data).xpath(f"//*[@class='{kind}']/@title")
    return [dict(part.strip().split(" ", 1) for part in title.split(";")) for title in found]


def test_elements_nest_and_carry_the_boxes() -> None:
    data = hocr([layout(line("one two"), line("three", y=300))], title="scan.png", lang="fra")
    tree = _parsed(data)
    path = "/h:html/h:body/h:div[@class='ocr_page']/h:div[@class='ocr_carea']/h:p[@class='ocr_par']"
    lines = tree.xpath(path + "/h:span[@class='ocr_line']", namespaces=_XHTML)
    assert [[word.text for word in row] for row in lines] == [["one", "two"], ["three"]]
    assert _titles(data, "ocr_page") == [{"image": '"scan.png"', "bbox": "0 0 1200 800", "ppageno": "0"}]
    assert _titles(data, "ocrx_word")[0] == {"bbox": "100 170 160 208", "x_wconf": "90"}
    assert tree.xpath("//h:p/@lang", namespaces=_XHTML) == ["fra"]
    assert tree.xpath("string(//h:title)", namespaces=_XHTML) == "scan.png"
    metas = dict(zip(tree.xpath("//@name"), tree.xpath("//@content")[1:], strict=True))
    assert "ocrx_word" in metas["ocr-capabilities"]
    assert metas["ocr-system"].startswith("Tesseract")
    assert metas["ocr-number-of-pages"] == "1"


def test_ids_are_unique_over_pages() -> None:
    ids = _parsed(hocr([layout(line("a b")), layout(line("c d"))], numbers=[3, 4])).xpath("//@id")
    assert len(ids) == len(set(ids)) == 12
    assert {"page_3", "word_4_2"} <= set(ids)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        ((100, 200, 300, 200), {"baseline": "0 -8"}),
        ((150, 205, 250, 206), {"baseline": "0.01 -3.5"}),
        ((100, 200, 300, 199.96), {"baseline": "0 -8"}),
        ((100, 200, 100, 500), {"textangle": "270"}),
        ((100, 500, 100, 200), {"textangle": "90"}),
        ((300, 200, 100, 200), {"textangle": "180"}),
        ((100, 200, 100, 200), {"baseline": "0 -8"}),
    ],
)
def test_direction_of_a_line(baseline: tuple[float, float, float, float], expected: dict[str, str]) -> None:
    (found,) = _titles(hocr([layout(replace(line("word"), baseline=baseline))]), "ocr_line")
    assert found == {"bbox": "100 170 180 208", "x_size": "40"} | expected


def test_lines_and_words_are_those_that_tesseract_writes_for_the_same_page() -> None:
    page, _ = drawn.draw()
    with drawn.recognised(page.rotate(1.5, fillcolor=255)) as api:
        read = page_layout(api.GetIterator(), width=page.width, height=page.height)
        own: str = api.GetHOCRText(0)
    theirs = re.findall(r"<span class='ocr.*", own)
    # Ascenders and descenders of the row stay behind in Tesseract.
    wanted = [re.sub('; x_descenders [^;]*; x_ascenders [^"]*', "", span).strip() for span in theirs]
    found = [span.strip() for span in re.findall(r"<span class='ocr.*", hocr([read]).decode())]
    assert found == wanted
    assert len(found) > 15


def test_markup_and_characters_that_xml_forbids() -> None:
    odd = Line((0, 0, 9, 9), (Word("<b>&\x00\ufffe\ud800\"'", (0, 0, 9, 9), 0.57),), (0, 9, 9, 9), 9)
    data = hocr([layout(odd)], title="a\"b'; bbox 1 1 <c>\\\x07")
    (word,) = _parsed(data).xpath("//*[@class='ocrx_word']")
    assert word.text == "<b>&\ufffd\ufffd\ufffd\"'"
    assert word.get("title") == "bbox 0 0 9 9; x_wconf 57"
    (title,) = _parsed(data).xpath("//*[@class='ocr_page']/@title")
    assert title == "image \"a'b'; bbox 1 1 <c>/\ufffd\"; bbox 0 0 1200 800; ppageno 0"


def test_several_languages() -> None:
    tree = _parsed(hocr([layout(line("a"))], lang="chi_sim+script/Latin"))
    assert tree.get("lang") == "chi-sim"
    assert tree.xpath("string(//*[@name='ocr-langs']/@content)") == "chi-sim und"
    assert tree.xpath("//h:p/@lang", namespaces=_XHTML) == []
