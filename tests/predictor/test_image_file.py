from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kserve_ocr.protocol.errors import (
    DamagedDocumentError,
    MalformedRequestError,
    TooManyPixelsError,
    UnsupportedDocumentError,
)
from predictor import image_file
from tests.support.drawn_pages import draw_line, encode, encode_frames

LINE = draw_line("two words")
PIXELS = np.asarray(LINE)
LIMIT = PIXELS.size


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("GIF", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG2000", {}),
    ],
)
def test_grey_pixels_of_every_format(kind: str, options: dict[str, Any]) -> None:
    found = image_file.decode(encode(LINE, kind, **options), max_pixels=LIMIT)

    assert found.dtype == PIXELS.dtype
    assert found.shape == PIXELS.shape
    assert np.array_equal(found, PIXELS)


def test_jpeg_is_nearly_what_was_drawn() -> None:
    found = image_file.decode(encode(LINE, "JPEG", quality=95), max_pixels=LIMIT)

    assert np.abs(found.astype(int) - PIXELS).mean() < 3


def test_white_shows_through() -> None:
    transparent = Image.new("RGBA", (4, 4), (0, 0, 0, 0))

    assert image_file.decode(encode(transparent), max_pixels=LIMIT).tolist() == [[255] * 4] * 4


def test_the_first_frame_counts() -> None:
    frames = encode_frames([Image.new("L", (3, 2), 7), Image.new("L", (9, 9), 8)])

    assert image_file.decode(memoryview(frames), max_pixels=LIMIT).tolist() == [[7] * 3] * 2


@pytest.mark.parametrize("data", [b"Dear Sir or Madam", b"%PDF-1.7\n", b"P5 2 2 255 abcd", b"\x00" * 100])
def test_what_is_no_image_of_a_kind_that_is_read(data: bytes) -> None:
    with pytest.raises(UnsupportedDocumentError, match="transformer"):
        image_file.decode(data, max_pixels=LIMIT)


def test_nothing_at_all() -> None:
    with pytest.raises(MalformedRequestError, match="empty"):
        image_file.decode(b"", max_pixels=LIMIT)


def test_size_is_looked_at_before_pixels() -> None:
    """The header alone is enough to be refused."""
    head = encode(LINE)[:60]
    with pytest.raises(TooManyPixelsError, match=str(LIMIT - 1)):
        image_file.decode(head, max_pixels=LIMIT - 1)


def test_a_bomb() -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    with pytest.raises(TooManyPixelsError):
        image_file.decode(out.getvalue(), max_pixels=LIMIT)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "JPEG2000"])
def test_half_a_file(kind: str) -> None:
    data = encode(LINE, kind)
    with pytest.raises((DamagedDocumentError, UnsupportedDocumentError)):
        image_file.decode(data[: len(data) // 2], max_pixels=LIMIT)
