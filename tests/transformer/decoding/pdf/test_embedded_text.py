"""Text that PDFs have of their own: words with boxes in pixels of the page as shown."""

from __future__ import annotations

import io

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image

from benchmarks.common.sample_files import drawing, drawn_pdf
from kserve_ocr.protocol.layout import PageLayout
from transformer.decoding.pdf.embedded_text import characters
from transformer.decoding.pdf.pdf_file import PdfDocument

LIMIT = 100_000_000
FONT = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)


def _document(content: str, **entries: object) -> bytes:
    """A page of 400 by 200 points with this content."""
    pdf = Pdf.new()
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, 400, 200]),
        Contents=pdf.make_stream(content.encode("cp1252")),
        Resources=Dictionary(Font=Dictionary(F=FONT)),
    )
    for key, value in entries.items():
        page[f"/{key}"] = value
    pdf.pages.append(pikepdf.Page(page))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def _layout(document: bytes) -> PageLayout:
    found = PdfDocument(io.BytesIO(document), page_pixels=LIMIT).embedded(1, page_pixels=LIMIT)
    assert found is not None
    return found.layout


def _texts(layout: PageLayout) -> list[list[str]]:
    return [[word.text for word in line.words] for line in layout.iter_lines()]


TWO_PARAGRAPHS = (
    "BT /F 12 Tf 14 TL 20 170 Td (First line of text) Tj T* (and its second) Tj 0 -30 Td (Another paragraph) Tj ET"
)


def test_lines_and_paragraphs() -> None:
    layout = _layout(_document(TWO_PARAGRAPHS))
    assert _texts(layout) == [["First", "line", "of", "text"], ["and", "its", "second"], ["Another", "paragraph"]]
    assert [len(paragraph.lines) for block in layout.blocks for paragraph in block.paragraphs] == [2, 1]
    assert all(word.confidence == 1 for word in layout.iter_words())


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (10, 20, 390, 190)])
def test_boxes_lie_on_the_ink(rotate: int, crop: tuple[int, ...] | None) -> None:
    entries = {"Rotate": rotate} | ({"CropBox": Array(crop)} if crop else {})
    document = _document("BT /F 24 Tf 60 100 Td (Word) Tj ET", **entries)
    layout = _layout(document)
    page = PdfDocument(io.BytesIO(document), page_pixels=LIMIT).decode(1, page_pixels=LIMIT)
    assert page.pixels.shape[:2] == (layout.height, layout.width)
    rows, columns = np.nonzero(page.pixels.min(axis=2) < 128)
    (word,) = layout.iter_words()
    ink = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert np.abs(np.subtract(word.bbox, ink)).max() <= 8


def test_columns_are_lines_of_their_own() -> None:
    content = "BT /F 12 Tf 20 100 Td (left column) Tj 250 0 Td (right column) Tj ET"
    assert _texts(_layout(_document(content))) == [["left", "column"], ["right", "column"]]


def _page_with(pdf: Pdf, font: Dictionary, text: bytes) -> bytes:
    """The file of a PDF with one page, on which the operators show text in a font of that PDF."""
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, 400, 200]),
        Contents=pdf.make_stream(b"BT /F 12 Tf 20 100 Td %b ET" % text),
        Resources=Dictionary(Font=Dictionary(F=font)),
    )
    pdf.pages.append(pikepdf.Page(page))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def test_text_without_a_meaning_is_no_text() -> None:
    pdf = Pdf.new()
    encoding = Dictionary(Type=Name.Encoding, Differences=Array([65, *(Name(f"/g{code}") for code in range(26))]))
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type3,
        FontBBox=Array([0, 0, 1, 1]),
        FontMatrix=Array([1, 0, 0, 1, 0, 0]),
        CharProcs=Dictionary(),
        Encoding=encoding,
        FirstChar=65,
        LastChar=90,
        Widths=Array([1] * 26),
    )
    data = _page_with(pdf, font, b"(ABCDEFGHIJ) Tj")
    found = PdfDocument(io.BytesIO(data), page_pixels=LIMIT).embedded(1, page_pixels=LIMIT)
    assert found is None


@pytest.mark.parametrize("text", ["", "1", "- -"])
def test_a_page_with_next_to_no_text_has_none(text: str) -> None:
    document = _document(f"BT /F 12 Tf 20 100 Td ({text}) Tj ET")
    assert PdfDocument(io.BytesIO(document), page_pixels=LIMIT).embedded(1, page_pixels=LIMIT) is None


def test_invisible_layers_are_told_from_visible_text() -> None:
    background = drawing("L", (300, 150))
    for invisible in (False, True):
        document = drawn_pdf(size=(288, 144), texts=["Drawn words"], background=background, invisible=invisible)
        with pypdfium2.PdfDocument(document) as pdf:
            page = pdf[0]
            with characters(page.raw) as found:
                assert found is not None
                assert found.are_invisible is invisible
                assert [word.text for word in found.layout((1200, 600)).iter_words()] == ["Drawn", "words"]
        opened = PdfDocument(io.BytesIO(document), page_pixels=LIMIT)
        assert (opened.embedded(1, page_pixels=LIMIT, only_visible=True) is None) is invisible


def test_large_pictures_without_text_remain_to_be_read() -> None:
    picture = Image.new("L", (400, 200), 128)
    document = drawn_pdf(size=(288, 144), texts=["A stamp of few words"], background=picture)
    found = PdfDocument(io.BytesIO(document), page_pixels=LIMIT).embedded(1, page_pixels=LIMIT)
    assert found is not None
    assert found.unread_images == ((0, 0, found.layout.width, found.layout.height),)
    plain = PdfDocument(io.BytesIO(_document(TWO_PARAGRAPHS)), page_pixels=LIMIT).embedded(1, page_pixels=LIMIT)
    assert plain is not None
    assert plain.unread_images == ()


def test_without_words_only_whether_there_is_text_is_found() -> None:
    opened = PdfDocument(io.BytesIO(_document(TWO_PARAGRAPHS)), page_pixels=LIMIT)
    whole = opened.embedded(1, page_pixels=LIMIT)
    brief = opened.embedded(1, page_pixels=LIMIT, wants_layout=False)
    assert whole is not None
    assert brief is not None
    assert brief.layout.blocks == ()
    assert (brief.layout.width, brief.layout.height, brief.dpi) == (whole.layout.width, whole.layout.height, whole.dpi)
    picture = drawn_pdf(size=(288, 144), texts=["A stamp"], background=Image.new("L", (400, 200), 128))
    found = PdfDocument(io.BytesIO(picture), page_pixels=LIMIT).embedded(1, page_pixels=LIMIT, wants_layout=False)
    assert found is not None
    assert [word.text for word in found.layout.iter_words()] == ["A", "stamp"]


def test_characters_beyond_the_basic_plane_keep_their_places() -> None:
    pdf = Pdf.new()
    mapping = b"1 beginbfchar <41> <d835dc00> endbfchar"
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    font.ToUnicode = pdf.make_stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /M def /CMapType 2 def "
        b"1 begincodespacerange <00> <ff> endcodespacerange " + mapping + b" endcmap end end"
    )
    data = _page_with(pdf, font, b"(A-A) Tj 60 0 Td (word) Tj")
    first, second = _layout(data).iter_words()
    assert second.text == "word"
    assert first.bbox[2] < second.bbox[0]
    assert first.text == "\U0001d400-\U0001d400"
