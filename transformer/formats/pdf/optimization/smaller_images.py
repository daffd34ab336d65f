"""Images of a PDF encoded again in fewer bytes: Group 4 for black and white, JPEG for the rest."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import numpy as np
import pikepdf
from msgspec import Struct
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from PIL import Image

from transformer.formats.pdf.images.encoding import group4

_LEAST_BYTES: Final = 2_000
"""Smaller images are not worth it."""
_SAVED: Final = 0.9
"""Share of its bytes below which an encoding replaces another."""
_SAVED_BY_LOSS: Final = 0.5
"""That share for an image that had no loss yet, at the milder level."""
_BLACK, _WHITE = 64, 191
"""Gray levels up to and from which a pixel counts as black and white."""
_MOST_GRAY: Final = 0.03
"""Share of pixels between these in a scan that was black and white before it became a JPEG."""
_QUALITY: Final = {2: 75, 3: 50}
"""Of JPEG, by level."""
_MODES: Final = {1: "L", 3: "RGB"}
"""Pillow's modes by number of components."""
_DCT: Final = (Name.DCTDecode, Array([Name.DCTDecode]))
_UNCHANGEABLE: Final = ("/Mask", "/Decode", "/Matte", "/Alternates")
"""Entries that give samples another meaning than their color."""
_DAMAGE: Final = (pikepdf.PdfError, OSError, ValueError, SyntaxError, TypeError, RuntimeError, LookupError)


class _Encoded(Struct, frozen=True):
    """Another encoding of an image."""

    data: bytes
    filter: Name
    bits: int
    components: int
    parameters: Dictionary | None = None


def shrink_images(pdf: Pdf, *, level: int, max_pixels: int) -> None:
    """Encode images again that get smaller by it.

    Level 1 changes no pixel: 1-bit images become Group 4. Level 2 makes JPEGs of quality 75, and 1-bit images of scans
    that are black and white but for the marks of JPEG; level 3 makes JPEGs of quality 50, also of images that had no
    loss. Images of more than ``max_pixels`` stay, as do soft masks and damaged images.
    """
    masks = {mask.objgen for image in _images(pdf) if isinstance(mask := image.get("/SMask"), Stream)}
    for image in list(_images(pdf)):
        stored = len(image.read_raw_bytes())
        if stored < _LEAST_BYTES or image.objgen in masks:
            continue
        try:
            if int(image.Width) * int(image.Height) > max_pixels:
                continue
            found = _bilevel(image) if image.get("/BitsPerComponent") == 1 else None
            if level > 1 and image.get("/BitsPerComponent") == 8:
                found = _with_loss(image, level)
        except _DAMAGE:
            continue
        if found is not None and len(found.data) < _allowed(image, found, level) * stored:
            _replace(image, found)


def _images(pdf: Pdf) -> Iterator[Object]:
    return (found for found in pdf.objects if isinstance(found, Stream) and found.get("/Subtype") == Name.Image)


def _allowed(image: Object, found: _Encoded, level: int) -> float:
    """The share of its bytes below which ``found`` replaces an image."""
    lossless = image.get("/Filter") not in _DCT
    return _SAVED_BY_LOSS if level == 2 and lossless and found.filter == Name.DCTDecode else _SAVED


def _bilevel(image: Object) -> _Encoded | None:
    """A 1-bit image in Group 4; None if its filter is one for images already."""
    if "/JBIG2Decode" in str(image.get("/Filter")) or "/CCITTFaxDecode" in str(image.get("/Filter")):
        return None
    width, height = int(image.Width), int(image.Height)
    data = image.read_bytes()
    return _group4(np.asarray(Image.frombytes("1", (width, height), data).convert("L"), np.uint8))


def _group4(pixels: NDArray[np.uint8]) -> _Encoded:
    encoded = group4(pixels)
    parameters = Dictionary(K=-1, BlackIs1=True, Columns=encoded.width, Rows=encoded.height)
    return _Encoded(encoded.data, Name.CCITTFaxDecode, 1, 1, parameters)


def _with_loss(image: Object, level: int) -> _Encoded | None:
    """An image of 8 bits as Group 4 if it is black and white, else as JPEG; None if it is none of gray or RGB."""
    picture = _picture(image)
    if picture is None:
        return None
    gray = np.asarray(picture.convert("L"), np.uint8)
    if _is_black_and_white(gray) and (picture.mode == "L" or _is_gray(picture)):
        return _group4(np.where(gray < 128, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY[level], optimize=True)
    return _Encoded(file.getvalue(), Name.DCTDecode, 8, len(picture.getbands()))


def _picture(image: Object) -> Image.Image | None:
    components = _components(image.get("/ColorSpace"))
    if components not in _MODES or any(key in image for key in _UNCHANGEABLE):
        return None
    size = (int(image.Width), int(image.Height))
    if image.get("/Filter") not in _DCT:
        return Image.frombytes(_MODES[components], size, image.read_bytes())
    picture = Image.open(io.BytesIO(image.read_raw_bytes()), formats=["JPEG"])
    picture.load()
    return picture if picture.mode == _MODES[components] and picture.size == size else None


def _components(space: Object | None) -> int:
    """Components of a color space whose samples are gray or RGB; 0 for any other."""
    if isinstance(space, Array) and len(space) > 1:
        kind = space[0]
        if kind == Name.ICCBased:
            return int(space[1].get("/N", 0))
        return {"/CalGray": 1, "/CalRGB": 3}.get(str(kind), 0)
    return {"/DeviceGray": 1, "/DeviceRGB": 3}.get(str(space), 0)


def _is_black_and_white(gray: NDArray[np.uint8]) -> bool:
    between = np.count_nonzero((gray > _BLACK) & (gray < _WHITE))
    return bool(between < _MOST_GRAY * gray.size)


def _is_gray(picture: Image.Image) -> bool:
    pixels = np.asarray(picture, np.int16)
    return bool(np.ptp(pixels, axis=2).max() <= _BLACK // 2)


def _replace(image: Object, found: _Encoded) -> None:
    """Store another encoding in the same object; its color space stays unless it has another number of components."""
    if found.components == 1 and _components(image.get("/ColorSpace")) == 3:
        image.ColorSpace = Name.DeviceGray
    image.BitsPerComponent = found.bits
    image.write(found.data, filter=found.filter, decode_parms=found.parameters)
