from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from kserve_ocr.protocol.errors import InvalidParameterError
from tests.transformer.formats.drawn import layout, line
from transformer.formats.page_xml import NAMESPACE, page_xml

_PAGE = {"p": NAMESPACE}
_NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def parsed(*lines: Any) -> Any:
    return etree.fromstring(page_xml([layout(*lines)], title="scan & 1.png", created=_NOON))


def test_structure() -> None:
    root = parsed(line("two words"), line("third <one>", y=300))

    assert [part.tag.partition("}")[2] for part in root] == ["Metadata", "Page"]
    assert root.findtext("p:Metadata/p:Created", namespaces=_PAGE) == "2026-01-02T12:00:00Z"
    (page,) = root.findall("p:Page", _PAGE)
    assert dict(page.attrib) == {"imageFilename": "scan & 1.png", "imageWidth": "1200", "imageHeight": "800"}
    assert root.xpath("//p:TextLine/p:TextEquiv/p:Unicode/text()", namespaces=_PAGE) == ["two words", "third <one>"]
    assert root.xpath("//p:Word/p:TextEquiv/p:Unicode/text()", namespaces=_PAGE) == ["two", "words", "third", "<one>"]
    assert [part.tag.partition("}")[2] for part in page.find(".//p:TextLine", _PAGE)] == [
        *("Coords", "Baseline", "Word", "Word", "TextEquiv")
    ]


def test_what_importers_look_for() -> None:
    """eScriptorium matches the schema's address and the file name, and needs each line's baseline."""
    root = parsed(line("two words"), line("third", y=300))

    (location,) = (value for name, value in root.attrib.items() if name.endswith("schemaLocation"))
    assert location.split() == [NAMESPACE, f"{NAMESPACE}/pagecontent.xsd"]
    assert root.find("p:Page", _PAGE).get("imageFilename") == "scan & 1.png"
    lines = root.findall("p:Page/p:TextRegion/p:TextLine", _PAGE)
    assert all(found.get("id") and found.find("p:Baseline", _PAGE).get("points").count(",") == 2 for found in lines)
    words = [found.findtext("p:TextEquiv/p:Unicode", namespaces=_PAGE) for found in root.iterfind(".//p:Word", _PAGE)]
    assert words == ["two", "words", "third"]


def test_the_reading_order_names_every_region() -> None:
    root = parsed(line("one"), line("two", y=300))

    references = root.xpath("//p:RegionRefIndexed/@regionRef", namespaces=_PAGE)
    assert references == root.xpath("//p:TextRegion/@id", namespaces=_PAGE) != []


def test_points_are_whole_numbers_on_the_page() -> None:
    for points in parsed(line("one")).xpath("//@points"):
        for point in points.split(" "):
            x, y = (int(value) for value in point.split(","))
            assert 0 <= x <= 1200
            assert 0 <= y <= 800


def test_a_blank_page_has_no_reading_order() -> None:
    assert parsed().xpath("//p:ReadingOrder", namespaces=_PAGE) == []


def test_several_pages_do_not_fit_into_one_file() -> None:
    with pytest.raises(InvalidParameterError, match="has 2"):
        page_xml([layout(), layout()])
