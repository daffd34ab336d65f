"""Canvas size of a WebP file, read before Pillow opens it, because opening allocates the canvas twice."""

from __future__ import annotations

import struct
from typing import BinaryIO

from transformer.decoding.limits import Size


def canvas(file: BinaryIO) -> Size:
    """Width and height from the first chunk of a WebP file (RFC 9649, section 2). Raises ValueError."""
    file.seek(12)
    chunk = file.read(18)
    match chunk[:4]:
        case b"VP8X" if len(chunk) == 18:
            return _24_bits(chunk[12:15]) + 1, _24_bits(chunk[15:18]) + 1
        case b"VP8L" if len(chunk) >= 13:
            (bits,) = struct.unpack_from("<I", chunk, 9)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if len(chunk) == 18:
            width, height = struct.unpack_from("<HH", chunk, 14)
            return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no WebP image chunk")


def _24_bits(data: bytes) -> int:
    return int.from_bytes(data, "little")
