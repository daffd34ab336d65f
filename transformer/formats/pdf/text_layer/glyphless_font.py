"""A font whose glyphs draw nothing: it only carries text and its position through a PDF.

Every character of a document gets the next free code, and a ToUnicode map leads back from code to character, so any
Unicode text can be selected, searched and copied. Codes lead to a few glyphs without ink that differ in their advance:
letters of about the right width keep the positions inside a word right. Several codes are spaces, of different widths,
which set the next word where it stands. Codes have one byte unless a document has too many characters for that.

A reader takes a word's height from the font's ascent and descent, not from what is drawn. Words of one line have
to share a baseline and a size, or readers take them for different lines; so every height that occurs gets a face
of its own, and all faces share one font program, one map and one table of widths.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from transformer.formats.pdf.text_layer.font_program import UNITS_PER_EM, font_program

STEP: Final = 0.02
"""Heights are rounded to this many em."""

NAME: Final = "OCR"
FLAGS: Final = 4
"""Of the descriptor: symbolic (ISO 32000-1, table 123)."""

_ADVANCES: Final = (240, 270, 340, 390, 450, 500, 540, 610, 690, 750, 850, 930, 1000)
"""Widths of glyphs 1 to 13, in units."""
SPACES: Final = (40, 120, 200, 280, 360, 460, 580, 720, 880, 1060)
"""Widths of the spaces, glyphs 14 to 23, in units."""
SPACE: Final = 3
"""The space that is as wide as in common fonts."""
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
_REPLACEMENT: Final = "\ufffd"
_ESCAPED: Final = {b: b"\\" + bytes([b]) for b in b"()\\"} | {0x0D: b"\\r"}
_SHORT: Final = tuple(code for code in range(1, 256) if code not in _ESCAPED)
"""Codes of one byte; those that a string would have to escape are left out."""
_LONG: Final = range(1, 0xFFFF)
"""Codes of two bytes."""
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

    def __init__(self, *, prefix: str = "F", text: Iterable[str] = ()) -> None:
        """``prefix`` starts the resource names of the faces; ``text`` is all that the document will have."""
        self._prefix = prefix
        # One code is kept for the replacement character.
        self.is_wide = len(set().union(*text)) >= len(_SHORT) - len(SPACES)
        """Whether codes have two bytes: for a Type 0 font instead of a simple one."""
        self._free = _LONG if self.is_wide else _SHORT
        self._characters = [" "] * len(SPACES)
        self._glyphs = [len(_ADVANCES) + at for at in range(1, len(SPACES) + 1)]
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
        return self._faces.setdefault(face, f"{self._prefix}{len(self._faces)}")

    def encode(self, text: str) -> bytes:
        """``text`` as the bytes of a PDF string, for between parentheses.

        A character that no text may contain becomes U+FFFD.
        """
        codes = self._codes
        return self._string(codes.get(char) or self._add(char) for char in text)

    def space(self, at: int) -> bytes:
        """One of :data:`SPACES`, as :meth:`encode`."""
        return self._string([self._free[at]])

    def _string(self, codes: Iterable[int]) -> bytes:
        size = 2 if self.is_wide else 1
        raw = b"".join(code.to_bytes(size) for code in codes)
        return b"".join(_ESCAPED.get(byte) or bytes([byte]) for byte in raw)

    def _add(self, char: str) -> int:
        original = char
        if unicodedata.category(char) in ("Cc", "Cs") or ord(char) & 0xFFFE == 0xFFFE:
            char = _REPLACEMENT
        # A document with more different characters than a font has codes exists only to break readers.
        if char not in self._codes and len(self._characters) >= len(self._free) - 1:
            char = _REPLACEMENT
        if char not in self._codes:
            self._codes[char] = self._free[len(self._characters)]
            self._characters.append(char)
            self._glyphs.append(glyph(char))
        return self._codes.setdefault(original, self._codes[char])

    def to_unicode(self) -> bytes:
        """The CMap from codes to UTF-16."""
        digits = 4 if self.is_wide else 2
        pairs = [
            f"<{code:0{digits}x}> <{char.encode('utf-16-be').hex()}>"
            for code, char in zip(self._free, self._characters, strict=False)
        ]
        step = _ENTRIES_PER_SECTION
        sections = [pairs[start : start + step] for start in range(0, len(pairs), step)]
        body = "\n".join(f"{len(section)} beginbfchar\n" + "\n".join(section) + "\nendbfchar" for section in sections)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            f"/CMapName /{NAME} def\n/CMapType 2 def\n"
            f"1 begincodespacerange\n<{'0' * digits}> <{'f' * digits}>\nendcodespacerange\n"
            f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode()

    def glyphs(self) -> list[int]:
        """The glyph of each code from code 1 to the last in use; 0 for one that has no character."""
        by_code = dict(zip(self._free, self._glyphs, strict=False))
        return [by_code.get(code, 0) for code in range(1, max(by_code) + 1)]

    def advances(self) -> list[int]:
        """The width of each of these codes, in units."""
        return [_WIDTHS[gid] for gid in self.glyphs()]

    def widths(self) -> list[tuple[int, list[int]]]:
        """First code and advances of each run of codes that are not :data:`DEFAULT_ADVANCE` wide."""
        runs: list[tuple[int, list[int]]] = []
        for code, advance in enumerate(self.advances(), start=1):
            if advance == DEFAULT_ADVANCE:
                continue
            if runs and runs[-1][0] + len(runs[-1][1]) == code:
                runs[-1][1].append(advance)
            else:
                runs.append((code, [advance]))
        return runs

    def program(self) -> bytes:
        """The font program."""
        return font_program(_WIDTHS[1:], () if self.is_wide else self.glyphs())


_WIDTHS: Final = (500, *_ADVANCES, *SPACES)
"""Of all glyphs, in units."""


def vertical_extent(face: Face) -> tuple[int, int]:
    """Ascent and descent of a face in units, the descent negative."""
    ascent = round(face[0] * STEP * UNITS_PER_EM)
    # Readers take 0 for unknown and use a guess.
    return ascent, min(-1, -round(face[1] * STEP * UNITS_PER_EM))
