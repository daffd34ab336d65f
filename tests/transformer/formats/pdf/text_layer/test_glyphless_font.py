from __future__ import annotations

import io
import re
import struct

import pytest
from PIL import ImageFont

from transformer.formats.pdf.text_layer.glyphless_font import (
    SPACE,
    SPACES,
    STEP,
    GlyphlessFont,
    vertical_extent,
    width,
)

MANY = "".join(map(chr, range(0x100, 0x100 + 350)))
"""More characters than one byte has codes."""


def test_equal_characters_share_a_code() -> None:
    font = GlyphlessFont()
    assert font.encode("abba") == b"\x0b\x0c\x0c\x0b"
    assert font.encode("b😀") == b"\x0c\x0e"


def test_codes_of_one_byte_need_no_escapes() -> None:
    shown = GlyphlessFont().encode(MANY[:240])
    assert len(set(shown)) == 240
    assert not set(shown) & set(b"()\\\r\0")


@pytest.mark.parametrize(("characters", "size"), [(240, 1), (241, 2)])
def test_codes_have_two_bytes_where_one_is_not_enough(characters: int, size: int) -> None:
    text = MANY[:characters]
    font = GlyphlessFont(text=[text])
    font.encode(text)
    assert f"{ord(text[-1]):04x}" in font.to_unicode().decode()
    assert len(font.space(SPACE)) == size


def test_codes_with_bytes_that_mean_something_in_a_string_are_escaped() -> None:
    shown = GlyphlessFont(text=[MANY]).encode(MANY)
    for code in b"()\\":
        assert b"\0\\" + bytes([code]) in shown
    assert b"\0\\r\0" in shown
    assert b"\r" not in shown


def test_map_back_to_unicode() -> None:
    font = GlyphlessFont()
    font.encode("aé😀")
    entries = font.to_unicode().decode().partition("beginbfchar")[2]
    found = re.findall(r"<(..)> <(\w+)>", entries)
    assert [text for _, text in found[: len(SPACES)]] == ["0020"] * len(SPACES)
    assert found[len(SPACES) :] == [("0b", "0061"), ("0c", "00e9"), ("0e", "d83dde00")]


def test_glyphs_and_widths_belong_together() -> None:
    font = GlyphlessFont()
    font.encode("aiWm漢e")
    # Code 13 would be a carriage return in a string.
    assert font.glyphs() == [*range(14, 24), 6, 2, 0, 13, 11, 13, 6]
    assert font.advances() == [*SPACES, 500, 270, 500, 1000, 850, 1000, 500]
    assert width("ai") == pytest.approx((500 + 270) / 1000)


def test_widths_of_a_wide_font_leave_out_the_usual_one() -> None:
    font = GlyphlessFont(text=[MANY])
    font.encode("anbW")
    assert font.widths() == [(1, [*SPACES, 500]), (14, [1000])]


def test_sections_of_the_map_hold_at_most_100_characters() -> None:
    font = GlyphlessFont(text=[MANY])
    font.encode(MANY[:240])
    assert re.findall(rb"(\d+) beginbfchar", font.to_unicode()) == [b"100", b"100", b"50"]


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x85", "\ud800", "\uffff", "\U0001fffe"])
def test_what_no_text_may_hold_becomes_the_replacement_character(char: str) -> None:
    font = GlyphlessFont()
    font.encode(char)
    assert b"<0b> <fffd>" in font.to_unicode()


def test_codes_run_out_without_an_error() -> None:
    text = "".join(chr(code) for code in range(0x10000, 0x10000 + 0x10010))
    font = GlyphlessFont(text=[text])
    font.encode(text)
    assert font.encode("\U00010000\U00020005") == b"\0\x0b\xff\xfe"
    assert font.to_unicode().endswith(b"end\n")


def test_faces_are_shared_within_a_step() -> None:
    font = GlyphlessFont(prefix="X")
    assert font.face(0.75, 0.2) == font.face(0.75 + STEP / 4, 0.2) == "X0"
    assert font.face(0.75, 0.3) == "X1"


def test_a_descent_is_never_0_which_readers_replace_by_a_guess() -> None:
    font = GlyphlessFont()
    name = font.face(0.0, 0.0)
    assert vertical_extent(font.faces[name]) == (round(1000 * STEP), -1)


@pytest.mark.parametrize("text", ["abc", MANY])
def test_program_has_a_right_checksum_and_loads(text: str) -> None:
    font = GlyphlessFont(text=[text])
    font.encode(text)
    program = font.program()
    assert sum(struct.unpack(f">{len(program) // 4}I", program)) & 0xFFFFFFFF == 0xB1B0AFBA
    assert ImageFont.truetype(io.BytesIO(program), 100).getmask("any").getbbox() is None


def test_the_program_of_a_simple_font_maps_codes_to_glyphs() -> None:
    font = GlyphlessFont()
    font.encode("W")
    # A code's advance is that of its glyph: 1000 units and the narrowest space's 40.
    loaded = ImageFont.truetype(io.BytesIO(font.program()), 1000, encoding="armn")
    assert (loaded.getlength("\x0b"), loaded.getlength("\x01")) == (1000, 40)
