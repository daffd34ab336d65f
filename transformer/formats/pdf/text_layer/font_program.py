"""A TrueType font without ink (OpenType 1.9), with the tables that a PDF needs (ISO 32000-1, 9.9)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

UNITS_PER_EM: Final = 1000
_CODES: Final = 256


def font_program(advances: Sequence[int], glyphs: Sequence[int] = ()) -> bytes:
    """An empty glyph 0 and from glyph 1 on one of each of ``advances``, which has an extent.

    ``glyphs`` are those of the codes of a simple font from code 1 on, at most 255; without them the font has no map
    from characters, and the PDF has its own.
    """
    # One contour there and back: no area, but the extent without which some readers drop the text.
    outlines = [
        struct.pack(">hhhhhHH2B4h2x", *(1, 0, 0, advance, UNITS_PER_EM), *(1, 0), *(1, 1), *(0, advance, 0, 1000))
        for advance in advances
    ]
    count, widest = len(outlines) + 1, max(advances)
    offsets = [0, *(len(outlines[0]) // 2 * index for index in range(count))]
    tables = {
        b"glyf": b"".join(outlines),
        b"head": struct.pack(
            ">HHIIIHHqqhhhhHHhhh",
            *(1, 0, 0x10000, 0, 0x5F0F3CF5, 0, UNITS_PER_EM, 0, 0, 0, 0, widest, UNITS_PER_EM, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(">HHhhhHhhhhhh4hhH", 1, 0, UNITS_PER_EM, 0, 0, widest, *(0,) * 10, 0, count),
        b"hmtx": b"".join(struct.pack(">Hh", advance, 0) for advance in (500, *advances)),
        b"loca": struct.pack(f">{count + 1}H", *offsets),
        b"maxp": struct.pack(">I14H", 0x10000, count, 2, 1, 0, 0, 1, *(0,) * 8),
    }
    return _assemble({b"cmap": _cmap(glyphs), **tables} if glyphs else tables)


def _cmap(glyphs: Sequence[int]) -> bytes:
    """The one map that a symbolic font may have in PDF/A: Macintosh, format 0."""
    return struct.pack(">4HI", 0, 1, 1, 0, 12) + struct.pack(
        ">3H256B", 0, 262, 0, *bytes([0, *glyphs]).ljust(_CODES, b"\0")
    )


def _assemble(tables: dict[bytes, bytes]) -> bytes:
    """The font file of these tables."""
    power = 1 << (len(tables).bit_length() - 1)
    search = (16 * power, power.bit_length() - 1, 16 * (len(tables) - power))
    head = struct.pack(">IHHHH", 0x10000, len(tables), *search)
    directory, body = b"", b""
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        offset = len(head) + 16 * len(tables) + len(body)
        directory += struct.pack(">4sIII", tag, _checksum(padded), offset, len(table))
        body += padded
    font = head + directory + body
    # head.checkSumAdjustment makes the whole file sum up to a magic number.
    position = font.index(tables[b"head"], len(head) + len(directory)) + 8
    adjustment = (0xB1B0AFBA - _checksum(font)) & 0xFFFFFFFF
    return font[:position] + struct.pack(">I", adjustment) + font[position + 4 :]


def _checksum(padded: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
