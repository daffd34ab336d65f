from __future__ import annotations

import io
import zlib
from typing import Any, Final

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Page, Pdf
from PIL import Image

from kserve_ocr.protocol.layout import PageLayout
from tests.transformer.formats import drawn
from tests.transformer.formats.drawn import layout, line
from tests.transformer.formats.pdf.extractors import poppler, render
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.images.encoding import from_pixels
from transformer.formats.pdf.searchable import ImagePage, PdfChanges, from_images, from_pdf

SIZE: Final = (1000, 500)
LAYER: Final = PageLayer(1, layout(line("some words"), width=1000, height=500))


def _bilevel() -> Image.Image:
    return drawn.draw(size=SIZE)[0].point(lambda value: 255 * (value > 127))


def _photo() -> Image.Image:
    noise = np.random.default_rng(1).normal(0, 6, (500, 1000, 3))
    ramp = np.linspace(40, 220, 1000)[None, :, None]
    return Image.fromarray(np.clip(noise + ramp, 0, 255).astype(np.uint8))


def _jpeg(image: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _document(data: bytes, mode: str = "L", **entries: Any) -> bytes:
    pdf = Pdf.new()
    space = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK, "1": Name.DeviceGray}[mode]
    values = {"Width": 1000, "Height": 500, "BitsPerComponent": 8, "ColorSpace": space, "Filter": Name.DCTDecode}
    image = pdf.make_stream(data, **{"Type": Name.XObject, "Subtype": Name.Image, **values, **entries})
    page = Dictionary(
        Type=Name.Page, MediaBox=Array([0, 0, 500, 250]), Contents=pdf.make_stream(b"q 500 0 0 250 0 0 cm /Im0 Do Q"),
        Resources=Dictionary(XObject=Dictionary(Im0=image)),
    )  # fmt: skip
    pdf.pages.append(Page(page))
    out = io.BytesIO()
    pdf.save(out, static_id=True)
    return out.getvalue()


def _optimized(document: bytes, level: int) -> bytes:
    return from_pdf(document, [LAYER], PdfChanges(optimize=level, image_pixels=10_000_000)).data


def _image(data: bytes) -> tuple[Any, bytes]:
    """Filter and stored bytes of the image."""
    with Pdf.open(io.BytesIO(data)) as pdf:
        image = pdf.pages[0].obj.Resources.XObject.Im0
        return image.Filter, image.read_raw_bytes()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_black_and_white_scan_in_jpeg_becomes_smaller_than_it_was(mode: str) -> None:
    document = _document(_jpeg(_bilevel().convert(mode)), mode)
    made = _optimized(document, 2)
    assert len(made) < len(document) / 3
    assert _image(made)[0] == Name.CCITTFaxDecode
    assert np.abs(render(made, dpi=144).astype(int) - np.asarray(_bilevel().convert("RGB"))).mean() < 0.5
    assert poppler(made).split() == ["some", "words"]


@pytest.mark.parametrize("space", [Name.DeviceGray, Array([Name.Indexed, Name.DeviceRGB, 1, b"\0\0\x99\xff\xff\xf0"])])
@pytest.mark.parametrize("level", [1, 2])
def test_black_and_white_without_loss_keeps_every_pixel(level: int, space: Any) -> None:
    rows = np.packbits(np.asarray(_bilevel()) > 127, axis=1).tobytes()
    entries = {"BitsPerComponent": 1, "Filter": Name.FlateDecode, "ColorSpace": space}
    document = _document(zlib.compress(rows, 1), "1", **entries)
    made = _optimized(document, level)
    assert _image(made)[0] == Name.CCITTFaxDecode
    assert np.array_equal(render(made, dpi=144), render(document, dpi=144))


def test_level_1_changes_no_pixel_and_no_jpeg() -> None:
    data = _jpeg(_photo())
    document = _document(data, "RGB")
    made = _optimized(document, 1)
    assert _image(made)[1] == data
    plain = from_pdf(document, [LAYER]).data
    assert len(made) < len(plain)


def test_photographs_lose_more_with_each_level() -> None:
    document = _document(_jpeg(_photo(), 95), "RGB")
    sizes = [len(_optimized(document, level)) for level in range(4)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[3] < sizes[2] < 0.6 * sizes[0]
    assert np.abs(render(_optimized(document, 2)).astype(int) - render(document)).mean() < 6


@pytest.mark.parametrize(
    "entries",
    [
        {"Decode": Array([1, 0])},
        {"Mask": Array([0, 10])},
        {"ColorSpace": Array([Name.Indexed, Name.DeviceGray, 255, bytes(range(256))])},
        {"Width": 900},
        {"Filter": Name.JPXDecode},
    ],
)
def test_images_whose_samples_mean_something_else_stay(entries: dict[str, Any]) -> None:
    data = _jpeg(_bilevel())
    document = _document(data, **entries)
    assert _image(_optimized(document, 3))[1] == data


def test_cut_cmyk_small_and_large_images_stay() -> None:
    for data, mode in (
        (_jpeg(_bilevel())[:5000], "L"),
        (_jpeg(_photo().convert("CMYK")), "CMYK"),
        (b"\xff\xd8\xff" + bytes(3000), "RGB"),
    ):
        assert _image(_optimized(_document(data, mode), 2))[1] == data
    document = _document(_jpeg(_bilevel()))
    few = from_pdf(document, [LAYER], PdfChanges(optimize=2, image_pixels=100_000)).data
    assert _image(few)[0] == Name.DCTDecode


def test_nothing_becomes_larger_and_encryption_stays() -> None:
    document = _document(_jpeg(_photo(), 20), "RGB")
    assert len(_optimized(document, 3)) <= len(from_pdf(document, [LAYER]).data)
    out = io.BytesIO()
    with Pdf.open(io.BytesIO(_document(_jpeg(_bilevel())))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    with Pdf.open(io.BytesIO(_optimized(out.getvalue(), 2))) as pdf:
        assert pdf.is_encrypted


def test_image_files_are_encoded_again_too() -> None:
    page = ImagePage(from_pixels(np.asarray(_photo(), np.uint8)), PageLayout(1000, 500, ()))
    sizes = [len(from_images([page], optimize=level, image_pixels=10_000_000).data) for level in range(4)]
    assert sizes[0] >= sizes[1] > sizes[2] > sizes[3]
