from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree
from msgspec.structs import replace

from kserve_ocr.protocol.layout import Block, Line, PageLayout, Paragraph, Word
from tests.transformer.formats.conftest import DrawnPage
from tests.transformer.formats.drawn import layout, line
from transformer.formats.alto import NAMESPACE, alto

_SCHEMA = Path(__file__).parent / "alto-4-4.xsd"
_ALTO = {"a": NAMESPACE}

# The schema imports the W3C's xlink attributes from the network; these stand in for them.
_XLINK = """<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<xsd:attributeGroup name="simpleLink"><xsd:anyAttribute namespace="##other" processContents="skip"/>
</xsd:attributeGroup></xsd:schema>"""


class _Xlink(etree.Resolver):
    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
        if system_url and "xlink" in system_url:
            return self.resolve_string(_XLINK, context)
        return None


def _strange_pages() -> list[PageLayout]:
    empty = Line((0, 0, 5, 5), (), (0, 5, 5, 5), 5)
    odd = Line((0, 0, 9, 9), (Word('<&>\x00\ufffe"', (0, 0, 9, 9), 1.0000001),), (0, 9, 9, 9), 9)
    return [
        layout(line("two words"), line("third", y=300)),
        layout(),
        layout(empty),
        PageLayout(10, 10, (Block((0, 0, 1, 1), ()), Block((0, 0, 1, 1), (Paragraph((0, 0, 1, 1), (odd,)),)))),
    ]


def _parsed(data: bytes) -> Any:
    return etree.fromstring(data)


def test_documents_are_valid_against_the_schema(read_page: DrawnPage) -> None:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Xlink())
    schema = etree.XMLSchema(etree.parse(_SCHEMA, parser))
    for pages in ([read_page[0]], _strange_pages()):
        schema.assertValid(_parsed(alto(pages, title="a & b", lang="eng+chi_sim+script/Latin")))


def test_structure() -> None:
    root = _parsed(alto([layout(line("two words"), line("third", y=300))], title="scan.tif", lang="deu+eng"))
    assert root.get("SCHEMAVERSION") == "4.2"
    assert root.findtext("a:Description/a:MeasurementUnit", namespaces=_ALTO) == "pixel"
    assert root.findtext(".//a:fileName", namespaces=_ALTO) == "scan.tif"
    (page,) = root.findall("a:Layout/a:Page", _ALTO)
    assert (page.get("WIDTH"), page.get("HEIGHT"), page.get("PC")) == ("1200", "800", "0.9")
    assert [block.get("LANG") for block in root.iter(f"{{{NAMESPACE}}}TextBlock")] == [None]
    (block, *_) = _parsed(alto([layout(line("one"))], lang="deu")).iter(f"{{{NAMESPACE}}}TextBlock")
    assert block.get("LANG") == "deu"
    lines = page.findall("a:PrintSpace/a:ComposedBlock/a:TextBlock/a:TextLine", _ALTO)
    assert [[part.get("CONTENT", " ") for part in row] for row in lines] == [["two", " ", "words"], ["third"]]
    assert lines[0].get("BASELINE") == "100 200 280 200"
    word, space, _ = lines[0]
    assert dict(word.attrib) == {
        "ID": "p1_word_1",
        "HPOS": "100",
        "VPOS": "170",
        "WIDTH": "60",
        "HEIGHT": "38",
        "WC": "0.9",
        "CONTENT": "two",
    }
    assert dict(space.attrib) == {"HPOS": "160", "VPOS": "170", "WIDTH": "20"}


def test_what_importers_look_for(read_page: DrawnPage) -> None:
    """eScriptorium matches the schema's address and the file name, and needs the line's id, box and baseline.

    Kitodo.Presentation reads the strings of lines of text blocks anywhere in the print space.
    """
    page, drawn = read_page
    root = _parsed(alto([page], title="scan.tif"))

    (location,) = (value for name, value in root.attrib.items() if name.endswith("schemaLocation"))
    assert location.split() == [NAMESPACE, "http://www.loc.gov/standards/alto/v4/alto-4-2.xsd"]
    assert root.findtext("a:Description/a:sourceImageInformation/a:fileName", namespaces=_ALTO) == "scan.tif"
    lines = root.findall("a:Layout/a:Page/a:PrintSpace//a:TextBlock/a:TextLine", _ALTO)
    for found in lines:
        assert found.get("ID")
        assert len([float(value) for value in found.get("BASELINE").split(" ")]) == 4
        assert all(int(found.get(name)) >= 0 for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    words = [word.get("CONTENT") for found in lines for word in found.findall("a:String", _ALTO)]
    assert words == [text for text, _ in drawn]


def test_ids_are_unique_over_pages_and_pages_keep_their_numbers() -> None:
    root = _parsed(alto(_strange_pages(), numbers=[2, 5, 6, 9]))
    ids = root.xpath("//@ID")
    assert len(ids) == len(set(ids))
    assert root.xpath("//a:Page/@PHYSICAL_IMG_NR", namespaces=_ALTO) == ["2", "5", "6", "9"]


def test_lines_without_words_are_left_out_and_illegal_characters_replaced() -> None:
    root = _parsed(alto(_strange_pages()))
    assert [len(page.findall(".//a:TextLine", _ALTO)) for page in root.iterfind(".//a:Page", _ALTO)] == [2, 0, 0, 1]
    (odd,) = root.xpath("//a:Page[4]//a:String", namespaces=_ALTO)
    assert odd.get("CONTENT") == '<&>\ufffd\ufffd"'
    assert odd.get("WC") == "1"


def test_space_between_words_that_run_from_right_to_left() -> None:
    row = line("a b")
    (space,) = _parsed(alto([layout(replace(row, words=row.words[::-1]))])).xpath("//a:SP", namespaces=_ALTO)
    assert (space.get("HPOS"), space.get("WIDTH")) == ("120", "20")


def test_text_of_a_real_page(read_page: DrawnPage) -> None:
    page, drawn = read_page
    assert _parsed(alto([page])).xpath("//@CONTENT") == [text for text, _ in drawn]
