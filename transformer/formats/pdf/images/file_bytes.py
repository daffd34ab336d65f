"""Image files taken over into a PDF byte by byte: JPEG, JPEG 2000, PNG's deflate stream and a TIFF's Group 4 strip."""

from __future__ import annotations

import io
import struct
import sys
from typing import Any, Final, Literal

from PIL import Image, TiffImagePlugin

from transformer.formats.pdf.images.encoding import CHANNELS, PageImage

_PNG_CHANNELS: Final[dict[int, Literal[1, 3]]] = {0: 1, 2: 3, 3: 1}
"""By color type; those with alpha are missing."""
_PALETTE_TYPE: Final = 3
_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_COMPRESSION, _FILL_ORDER, _PHOTOMETRIC, _OFFSETS, _COUNTS, _T6_OPTIONS = 259, 266, 262, 273, 279, 293
_ROWS_PER_STRIP: Final = 278
_GROUP4: Final = 4
_LEAST_FIRST: Final = 2
_MAX_SIDE: Final = 65_535
_MOST_STRIPS: Final = 20_000
_NEVER: Final = sys.maxsize


def from_file(
    data: bytes, kind: str, *, frame: int = 0, orientation: int = 1, strips_above: int = _NEVER
) -> PageImage | None:
    """The page of an image file of a sniffed kind as it is stored, or None when PDF readers may not decode it.

    ``frame`` counts from 0; of several frames only those of a TIFF and the first of a JPEG are stored as files.
    ``orientation`` is the file's EXIF orientation. Only an image of more than ``strips_above`` pixels may come in
    several strips: viewers round the place of each, and so show seams between them.
    """
    if frame and kind != "tiff":
        return None
    match kind:
        case "jpeg":
            return from_jpeg(data, orientation=orientation)
        case "jp2":
            return _from_jp2(data)
        case "png":
            return _from_png(data, orientation=orientation)
        case "tiff":
            return _from_tiff(data, frame, strips_above=strips_above)
        case _:
            return None


def from_jpeg(data: bytes, *, orientation: int = 1) -> PageImage | None:
    """A JPEG file; None for lossless, arithmetic, 12-bit and damaged ones."""
    found = _jpeg_frame(data)
    if found is None or orientation not in range(1, 9):
        return None
    width, height, components, adobe = found
    channels = CHANNELS.get(components)
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
        profile=_profile(data, channels),
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


def _profile(data: bytes, channels: int) -> bytes | None:
    """The file's ICC profile if it describes that many channels (ICC.1, 7.2)."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            profile = image.info.get("icc_profile")
    except (OSError, ValueError, SyntaxError):
        return None
    spaces = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
    if not isinstance(profile, bytes) or len(profile) < 128 or profile[36:40] != b"acsp":
        return None
    return profile if profile[16:20] == spaces[channels] else None


def _from_jp2(data: bytes) -> PageImage | None:
    """A JP2 file of 8-bit grey or RGB samples. A bare code stream is not what the filter takes (ISO 32000-1, 7.4.9)."""
    if data[4:8] != b"jP  ":
        return None
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG2000"]) as image:
            channels: Literal[1, 3] | None = {"L": 1, "RGB": 3}.get(image.mode)  # type: ignore[assignment]
            width, height = image.size
    except (OSError, ValueError, SyntaxError):
        return None
    if channels is None:
        return None
    return PageImage(data=data, filter="JPXDecode", width=width, height=height, channels=channels)


def _from_png(data: bytes, *, orientation: int) -> PageImage | None:
    """The concatenated IDAT chunks of a PNG without alpha and interlace: PDF's Flate with predictors is PNG's own."""
    chunks = _png_chunks(data)
    if chunks is None or len(chunks.get(b"IHDR", b"")) != 13 or b"tRNS" in chunks:
        return None
    width, height, bits, color, _, _, interlace = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    channels = _PNG_CHANNELS.get(color)
    palette = chunks.get(b"PLTE") if color == _PALETTE_TYPE else None
    if channels is None or interlace or not width or not height or (color == _PALETTE_TYPE and not palette):
        return None
    return PageImage(
        data=chunks[b"IDAT"],
        filter="FlateDecode",
        width=width,
        height=height,
        channels=channels,
        bits=bits,
        orientation=orientation,
        palette=palette,
        profile=None if palette else _profile(data, channels),
    )


def _png_chunks(data: bytes) -> dict[bytes, bytes] | None:
    """The chunks by type, those of one type together; None for a file that ends early."""
    chunks: dict[bytes, list[bytes]] = {}
    position = 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if position + 12 + length > len(data):
            return None
        chunks.setdefault(name, []).append(data[position + 8 : position + 8 + length])
        position += 12 + length
        if name == b"IEND":
            return {key: b"".join(parts) for key, parts in chunks.items()} if b"IDAT" in chunks else None
    return None


def _from_tiff(data: bytes, frame: int, *, strips_above: int) -> PageImage | None:
    """The strip or strips of a Group 4 frame; several are as many code streams (TIFF 6.0, section 11)."""
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
            image.seek(frame)
            if not isinstance(image, TiffImagePlugin.TiffImageFile):
                return None
            return _group4(data, image, most_strips=_MOST_STRIPS if image.width * image.height > strips_above else 1)
    except (OSError, ValueError, SyntaxError, EOFError, TypeError):
        return None


def _group4(data: bytes, image: TiffImagePlugin.TiffImageFile, *, most_strips: int) -> PageImage | None:
    tags: Any = image.tag_v2
    offsets, counts = tags.get(_OFFSETS, ()), tags.get(_COUNTS, ())
    plain = tags.get(_COMPRESSION) == _GROUP4 and not tags.get(_T6_OPTIONS, 0) and image.mode == "1"
    width, height = image.size
    rows = min(height, int(tags.get(_ROWS_PER_STRIP, height)))
    count = -(-height // rows) if rows > 0 else 0
    if not plain or not len(offsets) == len(counts) == count <= most_strips or max(width, height) > _MAX_SIDE:
        return None
    strips = [data[offset : offset + size] for offset, size in zip(offsets, counts, strict=True)]
    if [len(strip) for strip in strips] != list(counts):
        return None
    if tags.get(_FILL_ORDER, 1) == _LEAST_FIRST:
        strips = [strip.translate(_REVERSED) for strip in strips]
    return PageImage(
        data=strips[0] if count == 1 else b"",
        strips=tuple(strips) if count > 1 else (),
        strip_height=rows if count > 1 else 0,
        filter="CCITTFaxDecode",
        width=width,
        height=height,
        channels=1,
        bits=1,
        inverted=tags.get(_PHOTOMETRIC) == 0,
        orientation=int(tags.get(274, 1)),
    )
