from __future__ import annotations

import io
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.transformer.formats import drawn
from transformer.formats.pdf.page_image import PageImage, from_jpeg, from_pixels

_NOISE = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)


def _jpeg(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


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


def _grey_page() -> NDArray[np.uint8]:
    return np.asarray(drawn.draw()[0], np.uint8)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.where(_grey_page() < 128, 0, 255).astype(np.uint8), ("CCITTFaxDecode", 1, 1)),
        (np.zeros((7, 13), np.uint8), ("CCITTFaxDecode", 1, 1)),
        (_grey_page(), ("FlateDecode", 1, 8)),
        (np.stack([_grey_page()] * 3, axis=2), ("FlateDecode", 1, 8)),
        (np.stack([_grey_page(), _grey_page(), np.full_like(_grey_page(), 9)], axis=2), ("FlateDecode", 3, 8)),
        (_NOISE, ("DCTDecode", 3, 8)),
        (_NOISE[..., 0], ("DCTDecode", 1, 8)),
    ],
)
def test_pixels_take_the_form_that_suits_them(pixels: NDArray[np.uint8], expected: tuple[str, int, int]) -> None:
    image = from_pixels(pixels)
    assert (image.filter, image.channels, image.bits) == expected
    assert (image.height, image.width) == pixels.shape[:2]
    assert len(image.data) < pixels.nbytes
