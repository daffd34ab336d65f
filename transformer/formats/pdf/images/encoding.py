"""Images as a PDF can hold them: an image file's own bytes where its format allows, other pixels without loss."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

Filter = Literal["DCTDecode", "JPXDecode", "CCITTFaxDecode", "FlateDecode"]

CHANNELS: Final[dict[int, Literal[1, 3, 4]]] = {1: 1, 3: 3, 4: 4}
_MAX_PALETTE: Final = 256
_JPEG_QUALITY: Final = 85
_LOSSLESS_RATIO: Final = 0.08
"""Drawn pages compress below this share of their bytes; scans and photographs stay far above."""


class PageImage(Struct, frozen=True):
    """One encoded image and how a PDF reads it."""

    data: bytes
    filter: Filter
    width: int
    """Stored columns, before ``orientation`` is applied."""
    height: int
    """Stored rows."""
    channels: Literal[1, 3, 4]
    """Of the stored samples; 1 with a palette."""
    bits: Literal[1, 2, 4, 8, 16] = 8
    inverted: bool = False
    """Whether 0 means full ink (CMYK files that Adobe's programs write) or white."""
    orientation: int = 1
    """EXIF orientation, 1 to 8, with which the stored pixels are shown."""
    palette: bytes | None = None
    """RGB triples by sample."""
    profile: bytes | None = None
    """ICC profile of the stored samples."""
    strips: tuple[bytes, ...] = ()
    """Code streams of the parts of an image that is stored in several, from the top; ``data`` is then empty."""
    strip_height: int = 0
    """Rows of each of them but the last."""


def from_pixels(pixels: NDArray[np.uint8]) -> PageImage:
    """Grey ``(h, w)`` or RGB ``(h, w, 3)`` uint8 pixels, encoded without loss.

    Group 4 when they are black and white only, Flate for the rest, with a palette for drawings of few colors.
    """
    if pixels.ndim == 3 and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all():
        pixels = pixels[..., 0]
    if pixels.ndim == 2 and ((pixels == 0) | (pixels == 255)).all():
        return group4(pixels)
    return _palette(pixels) or _flate(pixels)


def from_rendering(pixels: NDArray[np.uint8]) -> PageImage:
    """A rendered page: drawings as :func:`from_pixels` encodes them, scans and photographs as JPEG."""
    if pixels.ndim == 3 and (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all():
        pixels = pixels[..., 0]
    sample = np.ascontiguousarray(pixels[:: max(1, pixels.shape[0] // 64)])
    if len(zlib.compress(sample.data, 1)) < _LOSSLESS_RATIO * sample.nbytes:
        return from_pixels(pixels)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=_JPEG_QUALITY)
    height, width = pixels.shape[:2]
    channels: Literal[1, 3] = 1 if pixels.ndim == 2 else 3
    return PageImage(data=file.getvalue(), filter="DCTDecode", width=width, height=height, channels=channels)


def group4(pixels: NDArray[np.uint8]) -> PageImage:
    """Pixels of 0 and 255 by ITU-T T.6, in one strip as libtiff writes it."""
    height, width = pixels.shape
    file = io.BytesIO()
    bilevel = Image.fromarray(np.ascontiguousarray(pixels)).convert("1", dither=Image.Dither.NONE)
    bilevel.save(file, "TIFF", compression="group4", strip_size=(width // 8 + 1) * height)
    with Image.open(file) as tiff:
        (offset,), (size,) = tiff.tag_v2[273], tiff.tag_v2[279]  # type: ignore[attr-defined]
    strip = file.getvalue()[offset : offset + size]
    return PageImage(data=strip, filter="CCITTFaxDecode", width=width, height=height, channels=1, bits=1)


def _palette(pixels: NDArray[np.uint8]) -> PageImage | None:
    """RGB pixels of at most 256 colors as indices of a palette; None if there are more."""
    if pixels.ndim != 3:
        return None
    height, width = pixels.shape[:2]
    packed = np.zeros((height, width), np.uint32)
    for channel in range(3):
        packed |= pixels[..., channel].astype(np.uint32) << (8 * (2 - channel))
    if len(np.unique(packed[:: max(1, height // 64)])) > _MAX_PALETTE:
        return None
    colors, indices = np.unique(packed, return_inverse=True)
    if len(colors) > _MAX_PALETTE:
        return None
    palette = b"".join(int(color).to_bytes(3) for color in colors)
    rows = indices.reshape(height, width).astype(np.uint8)
    return PageImage(
        data=_filtered(rows, distance=1),
        filter="FlateDecode",
        width=width,
        height=height,
        channels=1,
        palette=palette,
    )


def _flate(pixels: NDArray[np.uint8]) -> PageImage:
    height, width = pixels.shape[:2]
    channels: Literal[1, 3] = 1 if pixels.ndim == 2 else 3
    data = _filtered(np.ascontiguousarray(pixels).reshape(height, -1), distance=channels)
    return PageImage(data=data, filter="FlateDecode", width=width, height=height, channels=channels)


def _filtered(rows: NDArray[np.uint8], *, distance: int) -> bytes:
    """Rows by the better of two of PNG's filters, for the whole image: difference from the left or from above."""
    return min((zlib.compress(filtered, 6) for filtered in _filters(rows, distance)), key=len)


def _filters(rows: NDArray[np.uint8], distance: int) -> Sequence[bytes]:
    height, width = rows.shape
    above = np.empty((height, width + 1), np.uint8)
    above[:, 0] = 2
    above[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=above[1:, 1:])
    left = np.empty_like(above)
    left[:, 0] = 1
    left[:, 1 : distance + 1] = rows[:, :distance]
    np.subtract(rows[:, distance:], rows[:, :-distance], out=left[:, distance + 1 :])
    return above.tobytes(), left.tobytes()
