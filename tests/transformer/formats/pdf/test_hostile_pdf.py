"""PDFs that are broken in every way, or made to break their readers."""

from __future__ import annotations

import contextlib
import io
import random
import re

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, Pdf

from kserve_ocr.protocol.errors import DamagedDocumentError, OcrError
from tests.transformer.formats.drawn import layout, line
from tests.transformer.formats.pdf import corpus
from tests.transformer.formats.pdf.extractors import poppler
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.searchable import PdfChanges, from_pdf

LAYER = PageLayer(1, layout(line("some words")))
_TOKEN = re.compile(rb"/[A-Z]\w+|\d+ 0 R|\[|\]|<<|>>")


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """The document with bytes changed, lost and repeated, and parts of objects exchanged."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at, kind = chance.randrange(len(out)), chance.randrange(4)
        if kind == 0:
            out[at] = chance.randrange(256)
        elif kind == 1:
            del out[at : at + chance.randint(1, 40)]
        elif kind == 2:
            other = chance.randrange(len(out))
            out[at:at] = out[other : other + chance.randint(1, 60)]
        else:
            tokens = list(_TOKEN.finditer(bytes(out)))
            one, other_token = chance.choice(tokens), chance.choice(tokens)
            out[one.start() : one.end()] = other_token[0]
    return bytes(out)


def _opens(data: bytes) -> bool:
    with contextlib.suppress(pypdfium2.PdfiumError), pypdfium2.PdfDocument(data) as document:
        return len(document) > 0
    return False


@pytest.mark.parametrize("kind", sorted(corpus.KINDS))
def test_broken_documents_are_repaired_or_refused(kind: str) -> None:
    original = corpus.KINDS[kind]()
    chance = random.Random(kind)
    for _ in range(25):
        damaged = _mutated(original, chance)
        changes = PdfChanges(strip_layers=chance.random() < 0.3, only_pages=chance.random() < 0.3)
        try:
            made = from_pdf(damaged, [LAYER], changes)
        except OcrError:
            continue
        with contextlib.suppress(pikepdf.PdfError), pikepdf.open(io.BytesIO(made.data)) as pdf:
            assert len(pdf.pages) >= 1
            continue
        assert not _opens(damaged)


def _saved(pdf: Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, static_id=True)
    return out.getvalue()


def test_a_document_without_pages() -> None:
    with pytest.raises(DamagedDocumentError):
        from_pdf(_saved(Pdf.new()), [LAYER])


def test_a_document_that_was_cut_off_is_repaired_though_nothing_is_added() -> None:
    whole = corpus.KINDS["bookmarks"]()
    made = from_pdf(whole[: len(whole) * 9 // 10], [])
    assert made.warnings[0].startswith("the PDF was damaged and has been repaired")
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        assert pdf.get_warnings() == []
    assert from_pdf(whole, []).data == whole


def test_a_page_tree_with_a_loop() -> None:
    pdf = Pdf.new()
    corpus.add_page(pdf)
    original = _saved(pdf)
    looped = original.replace(b"/Kids [ 3 0 R ]", b"/Kids [ 2 0 R ]")
    assert looped != original
    with pytest.raises(DamagedDocumentError):
        from_pdf(looped, [LAYER])


def test_a_page_that_is_its_own_parent() -> None:
    pdf = Pdf.new()
    page = corpus.add_page(pdf)
    del page.Resources
    original = _saved(pdf).replace(b"/Parent 2 0 R", b"/Parent 3 0 R")
    assert "some words" in " ".join(poppler(from_pdf(original, [LAYER]).data).split())


def test_forms_that_show_one_another() -> None:
    pdf = Pdf.new()
    page = corpus.add_page(pdf)
    form = pdf.make_stream(b"BT 3 Tr (x) Tj ET /F Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    form.Resources = Dictionary(XObject=Dictionary(F=form))
    page.Resources.XObject.F = form
    made = from_pdf(_saved(pdf), [LAYER], PdfChanges(strip_layers=True))
    assert len(made.data) < 20_000


@pytest.mark.parametrize("rotate", [Name.None_, Array([]), 1e300, 45])
def test_rotations_that_are_none(rotate: object) -> None:
    pdf = Pdf.new()
    corpus.add_page(pdf, Rotate=rotate)
    with contextlib.suppress(DamagedDocumentError):
        assert b"/T0" in from_pdf(_saved(pdf), [LAYER]).data
