from __future__ import annotations

import io
from typing import Literal

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps

from kserve_ocr.protocol.layout import PageLayout
from tests.transformer.formats.pdf.extractors import render
from transformer.formats.pdf.images.encoding import PageImage
from transformer.formats.pdf.images.file_bytes import from_file, from_jpeg
from transformer.formats.pdf.searchable import ImagePage, from_images

_NOISE = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)


def _encoded(image: Image.Image, file_type: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_type, **options)
    return file.getvalue()


def _jpeg(image: Image.Image, **options: object) -> bytes:
    return _encoded(image, "JPEG", **options)


def _drawn(mode: str = "L") -> Image.Image:
    image = Image.new("RGB", (83, 61), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((10, 8, 50, 20), fill="navy" if mode != "1" else "black")
    pen.line((0, 60, 82, 0), fill="black", width=3)
    return image.convert(mode)


def _shown(image: PageImage) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    turned = image.orientation > 4
    width, height = (image.height, image.width) if turned else (image.width, image.height)
    return render(from_images([ImagePage(image, PageLayout(width, height, ()), (72, 72))]).data)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("CMYK", 4)])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_files_are_taken_over(mode: str, channels: Literal[1, 3, 4], progressive: bool) -> None:
    data = _jpeg(Image.fromarray(_NOISE).convert(mode), progressive=progressive)
    image = from_jpeg(data, orientation=6)
    assert image == PageImage(
        data=data,
        filter="DCTDecode",
        width=80,
        height=60,
        channels=channels,
        inverted=mode == "CMYK",
        orientation=6,
    )


def test_jpeg_with_long_metadata_and_fill_bytes() -> None:
    data = _jpeg(Image.fromarray(_NOISE), exif=b"Exif\0\0" + bytes(60_000), comment=b"\xff\xc0 not a frame")
    padded = data[:2] + b"\xff\xff" + data[2:]
    for file in (data, padded):
        image = from_jpeg(file)
        assert image is not None
        assert (image.width, image.height) == (80, 60)


def _frame(marker: int, precision: int = 8, channels: int = 3) -> bytes:
    return b"\xff\xd8\xff" + bytes([marker, 0, 17, precision, 0, 60, 0, 80, channels]) + bytes(20)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\xff\xff",
        b"\xff\xd8nonsense",
        _frame(0xC3),
        _frame(0xC9),
        _frame(0xC1, precision=12),
        _frame(0xC0, channels=2),
        _frame(0xC0)[:10],
        b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x00\x00\x50\x03" + bytes(20),
    ],
)
def test_jpeg_files_that_pdf_readers_may_not_decode(data: bytes) -> None:
    assert from_jpeg(data) is None


def test_orientation_out_of_range() -> None:
    assert from_jpeg(_jpeg(Image.fromarray(_NOISE)), orientation=9) is None


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_files_are_shown_upright(mode: str, orientation: int) -> None:
    corners = np.full((40, 60, 3), 255, np.uint8)
    corners[:20, :30], corners[:20, 30:], corners[20:, :30] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = _jpeg(Image.fromarray(corners).convert(mode), quality=95, subsampling=0, exif=exif)
    image = from_jpeg(data, orientation=orientation)
    assert image is not None
    with Image.open(io.BytesIO(data)) as saved:
        upright = ImageOps.exif_transpose(saved).convert("RGB")
    shown = _shown(image)
    assert shown.shape == (upright.height, upright.width, 3)
    # Readers turn CMYK into RGB each in their own way; a turned or inverted image is off by 90 and more.
    assert np.abs(shown.astype(int) - np.asarray(upright, int)).mean() < (50 if mode == "CMYK" else 12)


def test_color_profiles_are_kept_unless_they_describe_other_samples() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for file_type in ("JPEG", "PNG"):
        image = from_file(_encoded(Image.fromarray(_NOISE), file_type, icc_profile=profile), file_type.lower())
        assert image is not None
        assert image.profile == profile
        gray = from_file(
            _encoded(Image.fromarray(_NOISE).convert("L"), file_type, icc_profile=profile), file_type.lower()
        )
        assert gray is not None
        assert gray.profile is None
        assert b"/ICCBased" in from_images([ImagePage(image, PageLayout(80, 60, ()))]).data


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P"])
def test_png_files_keep_their_compressed_samples(mode: str) -> None:
    drawn = _drawn(mode)
    data = _encoded(drawn, "PNG")
    image = from_file(data, "png")
    assert image is not None
    assert image.data in data
    assert np.array_equal(_shown(image), np.asarray(drawn.convert("RGB")))


def test_png_files_with_16_bits() -> None:
    data = _encoded(Image.fromarray(_NOISE[..., 0].astype(np.uint16) * 257), "PNG")
    image = from_file(data, "png")
    assert image is not None
    assert image.bits == 16
    assert np.abs(_shown(image)[..., 0].astype(int) - _NOISE[..., 0]).max() <= 1  # PDFium rounds down


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_png_files_that_are_partly_transparent_are_not_taken_over(mode: str) -> None:
    assert from_file(_encoded(_drawn().convert(mode), "PNG"), "png") is None


@pytest.mark.parametrize("cut", [0, 20, 60, -5])
def test_png_files_that_end_early_are_not_taken_over(cut: int) -> None:
    assert from_file(_encoded(_drawn(), "PNG")[:cut], "png") is None


def test_jpeg_2000_files_are_taken_over() -> None:
    data = _encoded(_drawn(), "JPEG2000")
    image = from_file(data, "jp2")
    assert image is not None
    assert image.data == data
    assert np.array_equal(_shown(image)[..., 0], np.asarray(_drawn()))
    assert from_file(data[data.index(b"\xff\x4f\xff\x51") :], "jp2") is None


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("fill_order", [1, 2])
def test_group_4_strips_are_taken_over(photometric: int, fill_order: int) -> None:
    drawn = _drawn("1")
    data = _encoded(drawn, "TIFF", compression="group4", tiffinfo={262: photometric, 278: 61, 266: fill_order})
    image = from_file(data, "tiff")
    assert image is not None
    assert image.filter == "CCITTFaxDecode"
    with Image.open(io.BytesIO(data)) as stored:
        expected = np.asarray(stored.convert("RGB"))
    assert np.array_equal(_shown(image), expected)


def test_tiff_files_of_other_kinds_are_not_taken_over() -> None:
    assert from_file(_encoded(_drawn("1"), "TIFF", compression="group3"), "tiff") is None
    assert from_file(_encoded(_drawn("1"), "TIFF", compression="group4", tiffinfo={278: 8}), "tiff") is None
    assert from_file(b"II*\0", "tiff") is None
    assert from_file(_encoded(_drawn(), "BMP"), "bmp") is None
