"""A font whose glyphs draw nothing: it only carries text and its place through a PDF.

Every character of a document gets the next free code (CID), and a ToUnicode map leads back from code to
character, so any Unicode text can be selected, searched and copied. All codes lead to one glyph, half an em wide
and without ink.

A reader takes a word's height from the font's ascent and descent, not from what is drawn. Words of one line have
to share a baseline and a size, or readers take them for different lines; so every height that occurs gets a face
of its own, and all faces share one font program and one map.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib

ADVANCE = 0.5
"""Width of every character, em."""

STEP = 0.04
"""Heights are rounded to this many em; more faces than that gain no visible accuracy."""

_UNITS = 1000
_NAME = "Invisible"
_MOST_CODES = 0xFFFF
_REPLACEMENT = "\ufffd"

Face = tuple[int, int]
"""Ascent and descent in units of :data:`STEP`."""


class GlyphlessFont:
    """The codes and faces that one PDF uses, in order of first use."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
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
        return self._faces.setdefault(face, f"F{len(self._faces)}")

    def encode(self, text: str) -> str:
        """``text`` as a PDF hex string of 2-byte codes; what no text may hold becomes U+FFFD."""
        codes = self._codes
        return "<" + "".join(f"{codes.get(char) or self._add(char):04x}" for char in text) + ">"

    def _add(self, char: str) -> int:
        if unicodedata.category(char) in ("Cc", "Cs") or ord(char) & 0xFFFE == 0xFFFE:
            char = _REPLACEMENT
        # A document with more different characters than a font has codes exists only to break readers.
        if char not in self._codes and len(self._codes) >= _MOST_CODES - 1:
            char = _REPLACEMENT
        return self._codes.setdefault(char, len(self._codes) + 1)

    def to_unicode(self) -> bytes:
        """The CMap from codes to UTF-16."""
        pairs = [f"<{code:04x}> <{char.encode('utf-16-be').hex()}>" for char, code in self._codes.items()]
        # The specification allows 100 entries to a section.
        sections = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
        body = "\n".join(f"{len(section)} beginbfchar\n" + "\n".join(section) + "\nendbfchar" for section in sections)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            f"/CMapName /{_NAME} def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
            f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode()

    def cid_to_gid(self) -> bytes:
        """The map from codes to glyphs: every code is glyph 1."""
        return b"\x00\x00" + b"\x00\x01" * len(self._codes)

    def type0(self, cid_font: int, to_unicode: int) -> str:
        """The composite font over the CID font object ``cid_font``."""
        return (
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{_NAME} /Encoding /Identity-H "
            f"/DescendantFonts [{cid_font} 0 R] /ToUnicode {to_unicode} 0 R >>"
        )

    def cid_font(self, descriptor: int, cid_to_gid: int) -> str:
        """The CID font described by object ``descriptor``."""
        return (
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{_NAME} /CIDToGIDMap {cid_to_gid} 0 R "
            f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/DW {ADVANCE * _UNITS:.0f} /FontDescriptor {descriptor} 0 R >>"
        )

    def descriptor(self, face: Face, font_file: int) -> str:
        """The descriptor of one face; ``font_file`` is the object of the font program."""
        ascent = round(face[0] * STEP * _UNITS)
        # Readers take 0 for "not known" and put in a guess.
        descent = min(-1, -round(face[1] * STEP * _UNITS))
        return (
            f"<< /Type /FontDescriptor /FontName /{_NAME} /Flags 5 "
            f"/FontBBox [0 {descent} {ADVANCE * _UNITS:.0f} {ascent}] /Ascent {ascent} /Descent {descent} "
            f"/CapHeight {ascent} /ItalicAngle 0 /StemV 80 /FontFile2 {font_file} 0 R >>"
        )


def font_program() -> bytes:
    """A TrueType font without ink: an empty glyph 0 and glyph 1, which has an extent (OpenType 1.9)."""
    advance = round(ADVANCE * _UNITS)
    # One contour there and back: no area, but the extent without which some readers drop the text.
    glyph = struct.pack(">hhhhhHH2B4h2x", *(1, 0, 0, advance, _UNITS), *(1, 0), *(1, 1), *(0, advance, 0, _UNITS))
    tables = {
        b"OS/2": struct.pack(
            ">HhHHHhhhhhhhhhhh10s4I4sHHHhhhHHIIhhHHH",
            *(4, advance, 400, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, bytes(10), 1, 0, 0, 0, b"NONE"),
            *(0x40, 0x20, 0xFFFF, _UNITS, 0, 0, _UNITS, 0, 1, 0, 0, 0, 0, 0x20, 1),
        ),
        # One format 4 subtable (Windows, Unicode) with nothing but the closing segment: the PDF maps codes itself.
        b"cmap": struct.pack(">HHHHI8H4H", *(0, 1, 3, 1, 12), *(4, 24, 0, 2, 2, 0, 0, 0xFFFF), *(0, 0xFFFF, 1, 0)),
        b"glyf": glyph,
        b"head": struct.pack(
            ">HHIIIHHqqhhhhHHhhh",
            *(1, 0, 0x10000, 0, 0x5F0F3CF5, 0, _UNITS, 0, 0, 0, 0, advance, _UNITS, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(">HHhhhHhhhhhh4hhH", 1, 0, _UNITS, 0, 0, advance, *(0,) * 10, 0, 1),
        b"hmtx": struct.pack(">Hhh", advance, 0, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(glyph) // 2),
        b"maxp": struct.pack(">I14H", 0x10000, 2, 2, 1, 0, 0, 1, *(0,) * 8),
        b"name": struct.pack(">HHH", 0, 0, 6),
        b"post": struct.pack(">IiHHIIIII", 0x30000, 0, 0, 0, 1, 0, 0, 0, 0),
    }
    head = struct.pack(">IHHHH", 0x10000, len(tables), 128, 3, len(tables) * 16 - 128)
    directory, body = b"", b""
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        offset = len(head) + 16 * len(tables) + len(body)
        directory += struct.pack(">4sIII", tag, _checksum(padded), offset, len(table))
        body += padded
    font = head + directory + body
    # head.checkSumAdjustment makes the whole file sum up to a magic number.
    place = font.index(tables[b"head"], len(head) + len(directory)) + 8
    adjustment = (0xB1B0AFBA - _checksum(font)) & 0xFFFFFFFF
    return font[:place] + struct.pack(">I", adjustment) + font[place + 4 :]


def _checksum(padded: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF


def compress(data: bytes) -> bytes:
    """zlib with a fixed level, so that equal documents give equal bytes."""
    return zlib.compress(data, 6)
