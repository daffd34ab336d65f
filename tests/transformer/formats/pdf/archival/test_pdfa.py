"""PDF/A by what the standard asks for; ``make pdfa`` validates more with veraPDF."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, String
from PIL import Image, ImageCms

from kserve_ocr.protocol.errors import NotArchivableError
from tests.transformer.formats.drawn import layout, line
from tests.transformer.formats.pdf import corpus
from tests.transformer.formats.pdf.documents.native import NATIVE
from tests.transformer.formats.pdf.documents.scans import SCANS, saved
from tests.transformer.formats.pdf.extractors import poppler, render
from transformer.formats.pdf.archival.obstacles import PARTS, Part, is_archivable
from transformer.formats.pdf.archival.pdfa import to_pdfa
from transformer.formats.pdf.archival.srgb import srgb_profile
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.images.encoding import PageImage, from_rendering
from transformer.formats.pdf.searchable import from_pdf

LAYER: Final = PageLayer(1, layout(line("some words")))


def _changed(change: Callable[[Pdf, Object], object]) -> bytes:
    with Pdf.open(io.BytesIO(SCANS["group 4"]())) as pdf:
        change(pdf, pdf.pages[0].obj)
        return saved(pdf)


@pytest.mark.parametrize("part", PARTS)
def test_a_scan_with_text_says_what_it_is_and_looks_the_same(part: Part) -> None:
    original = corpus.KINDS["metadata"]()
    made, warnings = to_pdfa(from_pdf(original, [LAYER]).data, part)
    assert warnings == ()
    assert made.startswith(b"%PDF-1.4" if part == 1 else b"%PDF-1.7")
    assert np.array_equal(render(made), render(original))
    assert poppler(made).split() == ["some", "words"]
    with Pdf.open(io.BytesIO(made)) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == f"{part}B"
            assert metadata["dc:title"] == "Report"
        assert pdf.Root.OutputIntents[0].DestOutputProfile.read_bytes() == srgb_profile()
        assert "/ID" in pdf.trailer
    assert (b"/ObjStm" in made) == (part > 1)


def test_the_profile_is_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    colors = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 16, 3)).astype(np.uint8))
    converted = ImageCms.profileToProfile(colors, profile, ImageCms.createProfile("sRGB"))
    assert converted is not None
    assert np.abs(np.asarray(converted, int) - np.asarray(colors, int)).max() <= 1


def test_scripts_and_actions_go_and_that_is_said() -> None:
    made, warnings = to_pdfa(from_pdf(corpus.scripted(), [LAYER]).data, 2)
    assert warnings == ("scripts and other actions were removed, which PDF/A does not allow",)
    with Pdf.open(io.BytesIO(made)) as pdf:
        assert "/OpenAction" not in pdf.Root


def test_attached_files_say_what_they_are_for() -> None:
    made, _ = to_pdfa(corpus.KINDS["attachment"](), 3)
    with Pdf.open(io.BytesIO(made)) as pdf:
        assert pdf.attachments["invoice.xml"].get_file().read_bytes() == b"<invoice/>"
        assert [file.AFRelationship for file in pdf.Root.AF] == [Name.Unspecified]


def test_entries_without_a_use_go_and_annotations_are_printed() -> None:
    def change(pdf: Pdf, page: Object) -> None:
        image = page.Resources.XObject.Im0
        image.Interpolate = True
        image.Alternates = Array([])
        page.Annots = Array([pdf.make_indirect(Dictionary(Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), F=3))])
        pdf.docinfo[Name.Title] = String("a\x01b")
        pdf.docinfo[Name.CreationDate] = String("yesterday")
        pdf.docinfo[Name.ModDate] = String("D:20260102030405Z")
        pdf.Root.NeedsRendering = True

    made, _ = to_pdfa(_changed(change), 2)
    with Pdf.open(io.BytesIO(made)) as pdf:
        page = pdf.pages[0].obj
        assert not {"/Interpolate", "/Alternates"} & set(page.Resources.XObject.Im0.keys())
        assert page.Annots[0].F == 4
        assert dict(pdf.docinfo.items()).keys() == {"/Title", "/ModDate"}
        assert str(pdf.docinfo.Title) == "ab"
        with pdf.open_metadata() as metadata:
            assert metadata["xmp:ModifyDate"] == "2026-01-02T03:04:05+00:00"
        assert "/NeedsRendering" not in pdf.Root


def _transparent(pdf: Pdf, page: Object) -> None:
    page.Resources.ExtGState = Dictionary(G0=Dictionary(Type=Name.ExtGState, ca=0.5))


def _external(pdf: Pdf, page: Object) -> None:
    page.Resources.XObject.Im0.F = String("image.tif")


def _movie(pdf: Pdf, page: Object) -> None:
    page.Annots = Array([Dictionary(Subtype=Name.Movie, Rect=Array([0, 0, 1, 1]))])


def _cmyk(pdf: Pdf, page: Object) -> None:
    page.Contents = pdf.make_stream(b"0 0 0 1 k 0 0 9 9 re f")


def _depth(pdf: Pdf, page: Object) -> None:
    page.Contents = pdf.make_stream(b"q " * 30 + b"Q " * 30)


def _number(pdf: Pdf, page: Object) -> None:
    page.Contents = pdf.make_stream(b"99999999999 0 0 1 0 0 cm")


@pytest.mark.parametrize(
    ("make", "part", "reason"),
    [
        (NATIVE["text"], 2, "its font Helvetica is not embedded; send existing=force"),
        (SCANS["cmyk jpeg"], 2, "CMYK without a profile; send existing=force"),
        (SCANS["separation"], 3, "CMYK without a profile"),
        (SCANS["soft mask"], 1, "transparency, which part 1 does not allow; pdfa=2b does"),
        (SCANS["overlay"], 2, "operators that no reader knows"),
        (corpus.KINDS["jpeg 2000"], 1, "JPEG 2000"),
        (corpus.KINDS["layers"], 1, "layers"),
        (corpus.KINDS["icc"], 1, "color profile of version 4"),
        (corpus.KINDS["attachment"], 2, "pdfa=3b allows them$"),
        (corpus.KINDS["form"], 2, "Widget annotation has no appearance of its own$"),
        (SCANS["xfa"], 2, "XFA$"),
        (corpus.encrypted, 2, "without a password and send that$"),
        (lambda: _changed(_transparent), 1, "transparency"),
        (lambda: _changed(_external), 2, "in another file"),
        (lambda: _changed(_movie), 2, "type Movie$"),
        (lambda: _changed(_cmyk), 2, "CMYK"),
        (lambda: _changed(_depth), 2, "operators"),
        (lambda: _changed(_number), 2, "numbers that are too large"),
        (lambda: _changed(lambda _pdf, page: page.__setitem__("/CropBox", Array([0, 0, 2, 9]))), 2, "smaller than 3"),
    ],
)
def test_what_cannot_become_pdfa_says_why(make: Callable[[], bytes], part: Part, reason: str) -> None:
    with pytest.raises(NotArchivableError, match=reason):
        to_pdfa(make(), part)


def test_a_document_that_was_drawn_again_is_not_told_to_be() -> None:
    original = NATIVE["text"]()
    with pytest.raises(NotArchivableError, match=r"embedded$"):
        to_pdfa(original, 2, redrawn=True)
    drawn_again = from_pdf(original, [LAYER], pictures=[(1, from_rendering(render(original)))]).data
    made, _ = to_pdfa(drawn_again, 1, redrawn=True)
    assert poppler(made).split() == ["some", "words"]


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ({}, (1, 2, 3)),
        ({"channels": 4}, ()),
        ({"channels": 4, "profile": bytes([0] * 8 + [2])}, (1, 2, 3)),
        ({"profile": bytes([0] * 8 + [4])}, (2, 3)),
        ({"bits": 16}, (2, 3)),
        ({"filter": "JPXDecode"}, (2, 3)),
    ],
)
def test_images_that_may_stay_as_they_are(image: dict[str, Any], parts: tuple[Part, ...]) -> None:
    values: dict[str, Any] = {"data": b"", "filter": "DCTDecode", "width": 1, "height": 1, "channels": 3} | image
    assert tuple(part for part in PARTS if is_archivable(PageImage(**values), part)) == parts
