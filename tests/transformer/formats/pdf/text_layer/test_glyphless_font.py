from __future__ import annotations

import io
import re
import struct

import pytest
from PIL import ImageFont

from transformer.formats.pdf.text_layer.glyphless_font import (
    STEP,
    GlyphlessFont,
    font_program,
    vertical_extent,
    width,
)


def test_equal_characters_share_a_code() -> None:
    font = GlyphlessFont()
    assert font.encode("abba") == b"\0\1\0\2\0\2\0\1"
    assert font.encode("b😀") == b"\0\2\0\3"


def test_codes_with_bytes_that_mean_something_in_a_string_are_escaped() -> None:
    font = GlyphlessFont()
    shown = font.encode("".join(map(chr, range(0x100, 0x160))))
    for code in b"()\\":
        assert b"\0\\" + bytes([code]) in shown
    assert b"\0\\r\0" in shown
    assert b"\r" not in shown


def test_map_back_to_unicode() -> None:
    font = GlyphlessFont()
    font.encode("aé😀")
    entries = font.to_unicode().decode().partition("beginbfchar")[2]
    assert re.findall(r"<(....)> <(\w+)>", entries) == [
        ("0001", "0061"),
        ("0002", "00e9"),
        ("0003", "d83dde00"),
    ]


def test_glyphs_and_widths_belong_together() -> None:
    font = GlyphlessFont()
    font.encode("aiWm漢e")
    assert font.cid_to_gid() == bytes.fromhex("0000 0006 0002 000d 000b 000d 0006")
    assert font.widths() == [(1, [500, 270, 1000, 850, 1000, 500])]
    assert width("ai") == pytest.approx((500 + 270) / 1000)


def test_sections_of_the_map_hold_at_most_100_characters() -> None:
    font = GlyphlessFont()
    font.encode("".join(map(chr, range(0x100, 0x100 + 250))))
    assert re.findall(rb"(\d+) beginbfchar", font.to_unicode()) == [b"100", b"100", b"50"]


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x85", "\ud800", "\uffff", "\U0001fffe"])
def test_what_no_text_may_hold_becomes_the_replacement_character(char: str) -> None:
    font = GlyphlessFont()
    font.encode(char)
    assert b"<0001> <fffd>" in font.to_unicode()


def test_codes_run_out_without_an_error() -> None:
    font = GlyphlessFont()
    font.encode("".join(chr(code) for code in range(0x10000, 0x10000 + 0x10010)))
    assert font.encode("\U00010000\U00020005") == b"\0\1\xff\xff"
    assert font.to_unicode().endswith(b"end\n")


def test_faces_are_shared_within_a_step() -> None:
    font = GlyphlessFont(prefix="X")
    assert font.face(0.75, 0.2) == font.face(0.75 + STEP / 4, 0.2) == "X0"
    assert font.face(0.75, 0.3) == "X1"


def test_a_descent_is_never_0_which_readers_replace_by_a_guess() -> None:
    font = GlyphlessFont()
    name = font.face(0.0, 0.0)
    assert vertical_extent(font.faces[name]) == (round(1000 * STEP), -1)


def test_program_has_a_right_checksum_and_loads() -> None:
    program = font_program()
    assert sum(struct.unpack(f">{len(program) // 4}I", program)) & 0xFFFFFFFF == 0xB1B0AFBA
    assert ImageFont.truetype(io.BytesIO(program), 100).getmask("any").getbbox() is None
