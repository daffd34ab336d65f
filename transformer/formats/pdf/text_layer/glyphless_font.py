"""A font whose glyphs draw nothing: it only carries text and its position through a PDF.

Every character of a document gets the next free code (CID), and a ToUnicode map leads back from code to
character, so any Unicode text can be selected, searched and copied. Codes lead to a few glyphs without ink that differ
in their advance: letters of about the right width keep the positions inside a word right.

A reader takes a word's height from the font's ascent and descent, not from what is drawn. Words of one line have
to share a baseline and a size, or readers take them for different lines; so every height that occurs gets a face
of its own, and all faces share one font program, one map and one table of widths.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from functools import cache
from typing import Final

STEP: Final = 0.02
"""Heights are rounded to this many em."""

UNITS_PER_EM: Final = 1000
NAME: Final = "OCR"
FLAGS: Final = 4
"""Of the descriptor: symbolic (ISO 32000-1, table 123)."""

_ADVANCES: Final = (240, 270, 340, 390, 450, 500, 540, 610, 690, 750, 850, 930, 1000)
"""Widths of glyphs 1 to 13, in units."""
_CLASSES: Final = (
    "'|\u2019\u2018", " ,./:;\\ijlt", "!()-I[]`fr\u201c\u201d\u201e", '"', "*Js{}", "?^acekvxyz\u2013",
    "#$0123456789_bdghnopqu",
    "+<=>FLPSTZ~", "BE", "&ACDGHKNOQRUVXYw", "m", "%M\u2014\u2026", "@W",
)  # fmt: skip
"""Characters by glyph: halfway between Helvetica and Times, by their published metrics."""
DEFAULT_ADVANCE: Final = 540
"""Of most letters, in units."""
_GLYPHS: Final = {char: gid for gid, chars in enumerate(_CLASSES, start=1) for char in chars}
_COMBINING, _LOWER, _UPPER, _IDEOGRAPH = 1, 7, 10, 13
"""Glyphs of characters that are not listed."""
_MAX_CODES: Final = 0xFFFF
_REPLACEMENT: Final = "\ufffd"
_ESCAPED: Final = {b: b"\\" + bytes([b]) for b in b"()\\"} | {0x0D: b"\\r"}
_ENTRIES_PER_SECTION: Final = 100
"""The most entries that the specification allows in a section of a CMap."""

Face = tuple[int, int]
"""Ascent and descent in units of :data:`STEP`."""


@cache
def glyph(char: str) -> int:
    """The glyph, 1 to 13, whose advance is nearest to that of ``char`` in common fonts."""
    base = unicodedata.normalize("NFD", char)[0]
    if found := _GLYPHS.get(base):
        return found
    if unicodedata.combining(char):
        return _COMBINING
    if unicodedata.east_asian_width(char) in "WF":
        return _IDEOGRAPH
    return _UPPER if char.isupper() else _LOWER


def width(text: str) -> float:
    """Width of ``text``, em."""
    return sum(_ADVANCES[glyph(char) - 1] for char in text) / UNITS_PER_EM


class GlyphlessFont:
    """The codes and faces that one PDF uses, in order of first use."""

    def __init__(self, *, prefix: str = "F") -> None:
        """``prefix`` starts the resource names of the faces."""
        self._prefix = prefix
        self._codes: dict[str, int] = {}
        self._characters: list[str] = []
        self._faces: dict[Face, str] = {}

    @property
    def faces(self) -> dict[str, Face]:
        """Resource name → face."""
        return {name: face for face, name in self._faces.items()}

    def face(self, ascent: float, descent: float) -> str:
        """Resource name of the face with the nearest ``ascent`` and ``descent``.

        Both are distances from the baseline in em, upwards and downwards.
        """
        face = (max(1, round(ascent / STEP)), max(0, round(descent / STEP)))
        return self._faces.setdefault(face, f"{self._prefix}{len(self._faces)}")

    def encode(self, text: str) -> bytes:
        """``text`` as the bytes of a PDF string of 2-byte codes, for between parentheses.

        A character that no text may contain becomes U+FFFD.
        """
        codes = self._codes
        raw = b"".join((codes.get(char) or self._add(char)).to_bytes(2) for char in text)
        return b"".join(_ESCAPED.get(byte) or bytes([byte]) for byte in raw)

    def _add(self, char: str) -> int:
        original = char
        if unicodedata.category(char) in ("Cc", "Cs") or ord(char) & 0xFFFE == 0xFFFE:
            char = _REPLACEMENT
        # A document with more different characters than a font has codes exists only to break readers.
        if char not in self._codes and len(self._characters) >= _MAX_CODES - 1:
            char = _REPLACEMENT
        if char not in self._codes:
            self._characters.append(char)
            self._codes[char] = len(self._characters)
        return self._codes.setdefault(original, self._codes[char])

    def to_unicode(self) -> bytes:
        """The CMap from codes to UTF-16."""
        pairs = [
            f"<{code:04x}> <{char.encode('utf-16-be').hex()}>" for code, char in enumerate(self._characters, start=1)
        ]
        step = _ENTRIES_PER_SECTION
        sections = [pairs[start : start + step] for start in range(0, len(pairs), step)]
        body = "\n".join(f"{len(section)} beginbfchar\n" + "\n".join(section) + "\nendbfchar" for section in sections)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            f"/CMapName /{NAME} def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
            f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode()

    def cid_to_gid(self) -> bytes:
        """The map from codes to glyphs."""
        return b"".join(gid.to_bytes(2) for gid in [0, *map(glyph, self._characters)])

    def widths(self) -> list[tuple[int, list[int]]]:
        """First code and advances, in units, of each run of codes that are not :data:`DEFAULT_ADVANCE` wide."""
        runs: list[tuple[int, list[int]]] = []
        for code, char in enumerate(self._characters, start=1):
            advance = _ADVANCES[glyph(char) - 1]
            if advance == DEFAULT_ADVANCE:
                continue
            if runs and runs[-1][0] + len(runs[-1][1]) == code:
                runs[-1][1].append(advance)
            else:
                runs.append((code, [advance]))
        return runs


def vertical_extent(face: Face) -> tuple[int, int]:
    """Ascent and descent of a face in units, the descent negative."""
    ascent = round(face[0] * STEP * UNITS_PER_EM)
    # Readers take 0 for unknown and use a guess.
    return ascent, min(-1, -round(face[1] * STEP * UNITS_PER_EM))


@cache
def font_program() -> bytes:
    """A TrueType font without ink: an empty glyph 0 and glyphs 1 to 13, which have an extent (OpenType 1.9).

    It has the tables that a PDF needs (ISO 32000-1, 9.9), and no map from characters: the PDF has its own.
    """
    # One contour there and back: no area, but the extent without which some readers drop the text.
    outlines = [
        struct.pack(">hhhhhHH2B4h2x", *(1, 0, 0, advance, UNITS_PER_EM), *(1, 0), *(1, 1), *(0, advance, 0, 1000))
        for advance in _ADVANCES
    ]
    count, widest = len(outlines) + 1, max(_ADVANCES)
    offsets = [0, *(len(outlines[0]) // 2 * index for index in range(count))]
    tables = {
        b"glyf": b"".join(outlines),
        b"head": struct.pack(
            ">HHIIIHHqqhhhhHHhhh",
            *(1, 0, 0x10000, 0, 0x5F0F3CF5, 0, UNITS_PER_EM, 0, 0, 0, 0, widest, UNITS_PER_EM, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(">HHhhhHhhhhhh4hhH", 1, 0, UNITS_PER_EM, 0, 0, widest, *(0,) * 10, 0, count),
        b"hmtx": b"".join(struct.pack(">Hh", advance, 0) for advance in (500, *_ADVANCES)),
        b"loca": struct.pack(f">{count + 1}H", *offsets),
        b"maxp": struct.pack(">I14H", 0x10000, count, 2, 1, 0, 0, 1, *(0,) * 8),
    }
    return _assemble(tables)


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


def compress(data: bytes) -> bytes:
    """zlib with a fixed level, so that equal documents give equal bytes."""
    return zlib.compress(data, 9)
