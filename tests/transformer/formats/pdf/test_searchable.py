from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from kserve_ocr.protocol.errors import DamagedDocumentError, EncryptedDocumentError, SignedDocumentError
from kserve_ocr.protocol.layout import PageLayout
from tests.transformer.formats.drawn import layout, line
from tests.transformer.formats.pdf import corpus
from tests.transformer.formats.pdf.extractors import EXTRACTORS, poppler, render, word_boxes
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.images.encoding import from_rendering
from transformer.formats.pdf.searchable import PdfChanges, SearchablePdf, from_pdf

TEXT = "Words over it"


def _view(data: bytes, page: int = 0) -> tuple[int, int]:
    """Pixels of a page as shown, at 300 dpi."""
    document = pypdfium2.PdfDocument(data)
    try:
        width, height = document[page].get_size()
    finally:
        document.close()
    return math.ceil(width / 72 * 300), math.ceil(height / 72 * 300)


def _layer(data: bytes, number: int = 1, *, rotate: int = 0, text: str = TEXT) -> PageLayer:
    width, height = _view(data, number - 1)
    return PageLayer(number, layout(line(text, x=60, y=100, advance=8), width=width, height=height), rotate)


def _objects(data: bytes) -> dict[str, Any]:
    """Every object by number, streams by what is stored."""
    with pikepdf.open(io.BytesIO(data), inherit_page_attributes=False) as pdf:
        found = {}
        for value in pdf.objects:
            key = f"{value.objgen}"
            found[key] = json.loads(value.to_json(dereference=True, schema_version=2))
            if isinstance(value, pikepdf.Stream):
                found[key] = (found[key], value.read_raw_bytes())
        return found


def _page_objects(data: bytes) -> set[str]:
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return {f"{page.obj.objgen}" for page in pdf.pages}


@pytest.mark.parametrize("kind", sorted(corpus.KINDS))
def test_every_object_but_the_pages_stays(kind: str) -> None:
    original = corpus.KINDS[kind]()
    made = from_pdf(original, [_layer(original)]).data
    assert made.startswith(original)
    before, after = _objects(original), _objects(made)
    pages = _page_objects(original)
    assert {key: value for key, value in before.items() if key not in pages} == {
        key: value for key, value in after.items() if key in before and key not in pages
    }
    with pikepdf.open(io.BytesIO(original)) as old, pikepdf.open(io.BytesIO(made)) as new:
        assert not new.check_pdf_syntax()
        page, changed = old.pages[0].obj, new.pages[0].obj
        untouched = {key: value for key, value in page.items() if key not in ("/Contents", "/Resources")}
        assert untouched.keys() <= dict(changed.items()).keys()


@pytest.mark.parametrize("kind", sorted(corpus.KINDS))
def test_no_pixel_changes_and_every_extractor_finds_the_text(kind: str) -> None:
    original = corpus.KINDS[kind]()
    made = from_pdf(original, [_layer(original)]).data
    assert np.array_equal(render(made, dpi=100), render(original, dpi=100))
    for name, extract in EXTRACTORS.items():
        found = extract(made).replace("\f", " ").split()
        assert " ".join(found).startswith(TEXT) or " ".join(found).endswith(TEXT), name


@pytest.mark.parametrize("kind", sorted(corpus.KINDS))
def test_words_lie_where_they_were_read(kind: str) -> None:
    original = corpus.KINDS[kind]()
    layer = _layer(original)
    found = dict(word_boxes(from_pdf(original, [layer]).data))
    for word in layer.layout.iter_words():
        expected = [value * 72 / 300 for value in word.bbox]
        # Poppler counts in points, and does not know of larger units.
        assert np.abs(np.subtract(found[word.text], expected)).max() < 1.5


def test_size_grows_by_the_layer_alone() -> None:
    original = corpus.many_pages(20)
    page = layout(*(line("some twelve words of text that stand in a line of the page", y=60 + 40 * at, advance=10)
                    for at in range(18)))  # fmt: skip
    made = from_pdf(original, [PageLayer(number, page) for number in range(1, 21)]).data
    assert len(made) - len(original) < 20 * 1000 + 4_000


def test_new_objects_are_compressed_where_the_document_has_object_streams() -> None:
    grown = []
    for kind in ("object streams", "bookmarks"):
        original = corpus.KINDS[kind]()
        grown.append(len(from_pdf(original, [_layer(original)]).data) - len(original))
    assert grown[0] < grown[1] - 80


def test_thousands_of_pages() -> None:
    original = corpus.many_pages(2000)
    made = from_pdf(original, [_layer(original, number, text=f"page {number}") for number in (1, 1000, 2000)]).data
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) == 2000
    assert poppler(made).replace("\f", " ").split() == ["page", "1", "page", "1000", "page", "2000"]


def test_a_page_that_lies_on_its_side_is_shown_upright() -> None:
    original = corpus.KINDS["rotated"]()
    made = from_pdf(original, [_layer(original, rotate=270)]).data
    assert np.array_equal(render(made), render(corpus.KINDS["links"]()))
    found = dict(word_boxes(made))["Words"]
    assert found[3] - found[1] > found[2] - found[0]


def test_pages_without_a_layer_leave_the_document_as_it_is() -> None:
    original = corpus.KINDS["bookmarks"]()
    layer = replace(_layer(original), layout=PageLayout(10, 10, ()))
    assert from_pdf(original, [layer], PdfChanges(lang="en")) == SearchablePdf(original)


def test_equal_input_gives_equal_bytes() -> None:
    original = corpus.KINDS["metadata"]()
    assert from_pdf(original, [_layer(original)]) == from_pdf(original, [_layer(original)])


@pytest.mark.parametrize(("kind", "lang"), [("metadata", "de"), ("links", "fr")])
def test_the_language_is_stated_where_the_document_states_none(kind: str, lang: str) -> None:
    original = corpus.KINDS[kind]()
    with pikepdf.open(io.BytesIO(from_pdf(original, [_layer(original)], PdfChanges(lang="fr")).data)) as pdf:
        assert str(pdf.Root.Lang) == lang


def test_only_the_pages_that_were_read() -> None:
    pdf = pikepdf.Pdf.open(io.BytesIO(corpus.many_pages(4)))
    with pdf.open_outline() as outline:
        outline.root += [pikepdf.OutlineItem(f"Page {number + 1}", number) for number in range(4)]
    out = io.BytesIO()
    pdf.save(out)
    original = out.getvalue()
    layers = [_layer(original, number, text=f"page {number}") for number in (3, 1)]
    made = from_pdf(original, layers, PdfChanges(only_pages=True)).data
    assert poppler(made).split("\f")[:2] == ["page 3\n\n", "page 1\n\n"]
    assert len(PdfReader(io.BytesIO(made)).pages) == 2
    kept = from_pdf(original, layers).data
    assert len(PdfReader(io.BytesIO(kept)).pages) == 4


def test_an_encrypted_document_stays_encrypted() -> None:
    original = corpus.encrypted()
    with pikepdf.open(io.BytesIO(original)) as pdf:
        rights = pdf.allow
    made = from_pdf(original, [_layer(original)]).data
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.is_encrypted
        assert pdf.allow == rights
        assert pdf.docinfo.Title == "Report"
    assert TEXT in " ".join(poppler(made).split())


def test_a_password_opens_a_document_and_still_does() -> None:
    original = corpus.encrypted(user="secret")
    layer = PageLayer(1, layout(line(TEXT)))
    with pytest.raises(EncryptedDocumentError, match="password="):
        from_pdf(original, [layer])
    with pytest.raises(EncryptedDocumentError, match="does not open it"):
        from_pdf(original, [layer], PdfChanges(password="wrong"))
    made = from_pdf(original, [layer], PdfChanges(password="secret")).data
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(made))
    with pikepdf.open(io.BytesIO(made), password="secret") as pdf:
        assert len(pdf.pages) == 1


@pytest.mark.parametrize("kind", ["bookmarks", "rotated", "attachment"])
def test_a_damaged_document_is_repaired_and_says_so(kind: str) -> None:
    original = corpus.KINDS[kind]()
    damaged = original[: original.rindex(b"startxref")]
    made = from_pdf(damaged, [_layer(original)])
    assert len(made.warnings) == 1
    assert "has been repaired" in made.warnings[0]
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        assert not pdf.check_pdf_syntax()
    assert TEXT in " ".join(poppler(made.data).split())
    assert np.array_equal(render(made.data), render(original))


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"rubbish " * 100])
def test_what_cannot_be_repaired(data: bytes) -> None:
    with pytest.raises(DamagedDocumentError, match="beyond repair"):
        from_pdf(data, [PageLayer(1, layout(line("text")))])


def test_a_signed_document_is_changed_only_on_request() -> None:
    original = corpus.signed()
    with pytest.raises(SignedDocumentError, match="signed=drop"):
        from_pdf(original, [_layer(original)])
    made = from_pdf(original, [_layer(original)], PdfChanges(keep_signatures=False)).data
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert "/V" not in pdf.Root.AcroForm.Fields[0]
        assert "/SigFlags" not in pdf.Root.AcroForm


def test_scripts_are_left_and_mentioned() -> None:
    original = corpus.scripted()
    made = from_pdf(original, [_layer(original)])
    assert made.data.startswith(original)
    assert made.warnings == ("the PDF contains JavaScript, which is left as it is",)


def test_an_earlier_layer_is_replaced_and_removed() -> None:
    original = corpus.KINDS["shared"]()
    first = from_pdf(original, [_layer(original, text="wrong words")]).data
    second = from_pdf(first, [_layer(original, text="right words")], PdfChanges(strip_layers=True)).data
    assert poppler(second).split() == ["right", "words", "shared"]
    empty = replace(_layer(original), layout=PageLayout(10, 10, ()))
    third = from_pdf(second, [empty], PdfChanges(strip_layers=True)).data
    assert poppler(third).split() == ["shared"]
    assert np.array_equal(render(third), render(original))


@pytest.mark.parametrize("kind", ["bilevel", "rotated", "upside down", "cropped", "offset", "user unit", "form"])
def test_a_page_is_redrawn_where_it_was(kind: str) -> None:
    original = corpus.KINDS[kind]()
    shown = render(original, dpi=300)
    made = from_pdf(original, [_layer(original)], pictures=[(1, from_rendering(shown))]).data
    assert np.abs(render(made, dpi=300).astype(int) - shown).mean() < 1
    assert poppler(made).split()[: len(TEXT.split())] == TEXT.split()
