from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, FloatObject, NameObject, NumberObject, RectangleObject

from benchmarks.common.sample_files import drawing, drawn_pdf, encrypted_pdf, form_pdf, scans, written
from kserve_ocr.protocol.errors import DamagedDocumentError, EncryptedDocumentError, TooManyPixelsError
from tests.support.drawn_pages import draw_page, encode
from transformer.decoding.page import Page
from transformer.decoding.pdf.pdf_file import PdfDocument

LIMIT = 100_000_000


def opened(document: bytes, *, page_pixels: int = LIMIT) -> PdfDocument:
    return PdfDocument(io.BytesIO(document), page_pixels=page_pixels)


def decoded(document: bytes, number: int = 1, *, page_pixels: int = LIMIT) -> Page:
    return opened(document, page_pixels=page_pixels).decode(number, page_pixels=page_pixels)


def edited(document: bytes, **entries: Any) -> bytes:
    """The document with other entries on its first page."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(document)))
    writer.pages[0].update({NameObject(f"/{name}"): value for name, value in entries.items()})
    return written(writer)


def ink(page: Page) -> tuple[float, float]:
    """Where the dark pixels are on average, as shares of width and height."""
    rows, columns = np.nonzero(page.pixels.min(axis=2) < 128)
    assert rows.size
    return float(columns.mean() / page.pixels.shape[1]), float(rows.mean() / page.pixels.shape[0])


@pytest.mark.parametrize("dpi", [72, 100, 150, 204, 300, 600])
def test_a_scan_gives_its_own_pixels(dpi: int) -> None:
    scan = draw_page().convert("1")
    page = decoded(encode(scan, "PDF", resolution=dpi))
    assert page.dpi == dpi
    assert np.array_equal(page.pixels[..., 0], np.asarray(scan) * np.uint8(255))


def test_a_grey_scan_gives_the_pixels_of_its_jpeg() -> None:
    page = decoded(scans(1, dpi=150))
    assert np.abs(page.pixels[..., 0].astype(int) - np.asarray(drawing("L", text="1"))).mean() < 3


def test_a_text_layer_is_not_seen_and_changes_nothing() -> None:
    scan = drawing("L", (300, 150))
    page = decoded(drawn_pdf(size=(144, 72), background=scan, invisible=True))
    assert page.dpi == 150
    assert np.array_equal(page.pixels[..., 0], np.asarray(scan))


def test_visible_text_over_a_picture_is_drawn_at_300_dpi() -> None:
    page = decoded(drawn_pdf(background=Image.new("L", (72, 36), 255)))
    assert page.dpi == 300
    assert page.pixels.shape == (600, 1200, 3)
    assert page.pixels.min() == 0


def test_a_small_picture_does_not_set_the_resolution() -> None:
    document = edited(drawn_pdf(texts=[""], background=drawing("L")), MediaBox=RectangleObject((0, 0, 2000, 1000)))
    assert decoded(document).dpi == 300


@pytest.mark.parametrize(("degrees", "place"), [(0, "bottom"), (90, "left"), (180, "top"), (270, "right")])
def test_rotation_is_honoured(degrees: int, place: str) -> None:
    page = decoded(edited(drawn_pdf(size=(288, 144), texts=["----------"]), Rotate=NumberObject(degrees)))
    assert page.pixels.shape[:2] == ((600, 1200) if degrees % 180 == 0 else (1200, 600))
    across, down = ink(page)
    # The dashes stand 67 of 144 points above the bottom, and reach from the left to the middle.
    expected = {"bottom": (0.2, 0.53), "left": (0.47, 0.2), "top": (0.8, 0.47), "right": (0.53, 0.8)}[place]
    assert (across, down) == pytest.approx(expected, abs=0.08)


def test_the_crop_box_is_the_page() -> None:
    page = decoded(edited(drawn_pdf(), CropBox=RectangleObject((0, 50, 144, 122))))
    assert page.pixels.shape[:2] == (300, 600)


def test_a_crop_box_off_the_page_is_ignored() -> None:
    document = drawn_pdf(size=(144, 72))
    odd = edited(document, CropBox=RectangleObject((1000, 1000, 2000, 2000)))
    assert list(opened(odd).sizes()) == list(opened(document).sizes())
    assert np.array_equal(decoded(odd).pixels, decoded(document).pixels)


def test_form_fields_and_annotations_are_drawn_and_scripts_are_not_run() -> None:
    page = decoded(form_pdf())
    bar = slice(600 - 160, 600 - 90)  # 20 to 40 of 144 points above the bottom
    assert page.pixels[bar, 100:480].max() == 0
    assert page.pixels[bar, 680:1070].max() == 0
    assert page.pixels[bar, 510:650].min() == 255
    assert not {"V8", "XFA"} & set(pypdfium2.PDFIUM_INFO.flags)


def test_pages_are_found_by_number() -> None:
    document = opened(drawn_pdf(texts=["", "Two", ""]))
    assert list(document.sizes()) == [(1200, 600)] * 3
    assert [document.decode(number, page_pixels=LIMIT).pixels.min() for number in (3, 2, 1)] == [255, 0, 255]


def test_an_encrypted_pdf_says_what_to_do() -> None:
    with pytest.raises(EncryptedDocumentError, match="without one"):
        opened(encrypted_pdf())


def test_a_pdf_that_opens_without_a_password_is_read() -> None:
    assert decoded(encrypted_pdf(user_password="")).pixels.min() == 0


def test_pages_that_are_only_counted_are_not_there() -> None:
    document = drawn_pdf()
    more = document.replace(b"/Count 1", b"/Count 9")
    assert more != document
    assert list(opened(more).sizes()) == list(opened(document).sizes())


def test_a_pdf_without_pages_is_damaged() -> None:
    for _ in "once", "and after another error":
        with pytest.raises(DamagedDocumentError, match="no pages"):
            opened(written(PdfWriter()))
        with pytest.raises(EncryptedDocumentError):
            opened(encrypted_pdf())


@pytest.mark.parametrize("document", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"rubbish " * 100, drawn_pdf()[:120]])
def test_rubbish_is_damaged(document: bytes) -> None:
    with pytest.raises(DamagedDocumentError):
        opened(document)


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (0, 0, 1e-30, 5), (0, 0, 5, 1e30)])
def test_a_page_of_no_sensible_size_is_no_fault_of_ours(box: tuple[float, float, float, float]) -> None:
    document = edited(drawn_pdf(), MediaBox=ArrayObject(FloatObject(number) for number in box))
    with contextlib.suppress(DamagedDocumentError, TooManyPixelsError):
        width, height = next(opened(document).sizes())
        pixels = decoded(document).pixels
        assert pixels.shape[:2] == (height, width)
        assert pixels.size <= 3 * LIMIT


def test_a_large_drawing_gets_a_lower_resolution() -> None:
    page = decoded(drawn_pdf(size=(2384, 3370)))  # A0
    assert page.dpi is not None
    assert 100 <= page.dpi < 300
    assert page.pixels.shape[0] * page.pixels.shape[1] <= 40_000_000


def test_limits_lower_the_resolution_but_not_below_reading() -> None:
    document = drawn_pdf(size=(288, 144))
    page = decoded(document, page_pixels=200_000)
    assert page.dpi is not None
    assert 100 <= page.dpi < 300
    assert page.pixels.shape[0] * page.pixels.shape[1] <= 200_000
    with pytest.raises(TooManyPixelsError, match="page 1 has"):
        decoded(document, page_pixels=50_000)
    assert next(opened(document, page_pixels=50_000).sizes()) == (400, 200)


def test_a_scan_beyond_the_limits_is_rendered_smaller() -> None:
    page = decoded(encode(draw_page(), "PDF", resolution=300), page_pixels=300_000)
    assert page.pixels.shape[0] * page.pixels.shape[1] <= 300_000
    assert page.dpi is not None
    assert page.dpi < 300


def test_sides_stay_within_what_can_be_read() -> None:
    page = decoded(drawn_pdf(size=(14_400, 100)))
    assert max(page.pixels.shape) <= 32_000
