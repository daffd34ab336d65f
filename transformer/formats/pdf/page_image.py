"""Page images as a PDF can hold them: JPEG files as they are, other pixels in the smallest form that looks the same."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Filter = Literal["DCTDecode", "CCITTFaxDecode", "FlateDecode"]

_CHANNELS: dict[int, Literal[1, 3, 4]] = {1: 1, 3: 3, 4: 4}
_JPEG_QUALITY = 85
_LOSSLESS_RATIO = 0.08
"""Drawn pages compress below this share of their bytes; scans and photographs stay far above and become JPEG."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """One encoded image and how a PDF reads it."""

    data: bytes
    filter: Filter
    width: int
    """Stored columns, before ``orientation`` is applied."""
    height: int
    """Stored rows."""
    channels: Literal[1, 3, 4]
    bits: Literal[1, 8] = 8
    inverted: bool = False
    """Whether 0 means full (CMYK files that Adobe's programs write)."""
    orientation: int = 1
    """EXIF orientation, 1 to 8, with which the stored pixels are shown."""


def from_jpeg(data: bytes, *, orientation: int = 1) -> PageImage | None:
    """A JPEG file taken over byte by byte, or None when PDF readers may not decode it.

    Those are lossless, arithmetic, 12-bit and damaged files. ``orientation`` is the file's EXIF orientation.
    """
    frame = _jpeg_frame(data)
    if frame is None or orientation not in range(1, 9):
        return None
    width, height, components, adobe = frame
    channels = _CHANNELS.get(components)
    if channels is None:
        return None
    return PageImage(
        data=data,
        filter="DCTDecode",
        width=width,
        height=height,
        channels=channels,
        inverted=adobe and channels == 4,
        orientation=orientation,
    )


def _jpeg_frame(data: bytes) -> tuple[int, int, int, bool] | None:
    """Width, height, components and whether Adobe's marker is there (ITU-T T.81, B.1)."""
    position, adobe = 2, False
    if data[:2] != b"\xff\xd8":
        return None
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        length = struct.unpack_from(">H", data, position + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            # Baseline, extended and progressive Huffman frames of 8 bits are what the DCT filter knows.
            if marker > 0xC2 or position + 10 > len(data) or data[position + 4] != 8:
                return None
            height, width, channels = struct.unpack_from(">HHB", data, position + 5)
            return (width, height, channels, adobe) if width and height else None
        if marker == 0xEE and data[position + 4 : position + 9] == b"Adobe":
            adobe = True
        position += 2 + length
    return None


def from_pixels(pixels: NDArray[np.uint8]) -> PageImage:
    """Grey ``(h, w)`` or RGB ``(h, w, 3)`` uint8 pixels, encoded.

    Group 4 when they are black and white only, Flate for drawn pages, JPEG for the rest.
    """
    if pixels.ndim == 3 and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all():
        pixels = pixels[..., 0]
    if pixels.ndim == 2 and ((pixels == 0) | (pixels == 255)).all():
        return _group4(pixels)
    return _flate(pixels) if _looks_drawn(pixels) else _jpeg(pixels)


def _channels(pixels: NDArray[np.uint8]) -> Literal[1, 3]:
    return 1 if pixels.ndim == 2 else 3


def _group4(pixels: NDArray[np.uint8]) -> PageImage:
    """ITU-T T.6, in one strip as libtiff writes it."""
    height, width = pixels.shape
    file = io.BytesIO()
    bilevel = Image.fromarray(np.ascontiguousarray(pixels)).convert("1", dither=Image.Dither.NONE)
    bilevel.save(file, "TIFF", compression="group4", strip_size=(width // 8 + 1) * height)
    with Image.open(file) as tiff:
        (offset,), (size,) = tiff.tag_v2[273], tiff.tag_v2[279]  # type: ignore[attr-defined]
    strip = file.getvalue()[offset : offset + size]
    return PageImage(data=strip, filter="CCITTFaxDecode", width=width, height=height, channels=1, bits=1)


def _looks_drawn(pixels: NDArray[np.uint8]) -> bool:
    sample = np.ascontiguousarray(pixels[:: max(1, pixels.shape[0] // 64)])
    return len(zlib.compress(sample.data, 1)) < _LOSSLESS_RATIO * sample.nbytes


def _flate(pixels: NDArray[np.uint8]) -> PageImage:
    """Every row as its difference from the row above (PNG's filter 2), then zlib."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return PageImage(
        data=zlib.compress(filtered.data, 6),
        filter="FlateDecode",
        width=width,
        height=height,
        channels=_channels(pixels),
    )


def _jpeg(pixels: NDArray[np.uint8]) -> PageImage:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=_JPEG_QUALITY)
    height, width = pixels.shape[:2]
    return PageImage(data=file.getvalue(), filter="DCTDecode", width=width, height=height, channels=_channels(pixels))
