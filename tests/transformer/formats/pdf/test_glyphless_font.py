from __future__ import annotations

import io
import re
import struct

import pytest
from PIL import ImageFont

from transformer.formats.pdf.glyphless_font import STEP, GlyphlessFont, font_program


def test_equal_characters_share_a_code() -> None:
    font = GlyphlessFont()
    assert font.encode("abba") == "<0001000200020001>"
    assert font.encode("b😀") == "<00020003>"


def test_map_back_to_unicode() -> None:
    font = GlyphlessFont()
    font.encode("aé😀")
    entries = font.to_unicode().decode().partition("beginbfchar")[2]
    assert re.findall(r"<(....)> <(\w+)>", entries) == [
        ("0001", "0061"),
        ("0002", "00e9"),
        ("0003", "d83dde00"),
    ]
    assert font.cid_to_gid() == bytes.fromhex("0000 0001 0001 0001")


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
    codes = re.findall(r"....", font.encode("\U00010000\U00020005\U00020006")[1:-1])
    assert codes == ["0001", "ffff", "ffff"]
    assert font.to_unicode().endswith(b"end\n")


def test_faces_are_shared_within_a_step() -> None:
    font = GlyphlessFont()
    assert font.face(0.75, 0.2) == font.face(0.75 + STEP / 4, 0.2) != font.face(0.75, 0.3)
    assert len(font.faces) == 2


def test_descriptor_never_says_0_which_readers_replace_by_a_guess() -> None:
    font = GlyphlessFont()
    name = font.face(0.0, 0.0)
    assert "/Ascent 40 /Descent -1 " in font.descriptor(font.faces[name], 9)


def test_program_loads_and_draws_nothing() -> None:
    program = font_program()
    assert sum(struct.unpack(f">{len(program) // 4}I", program)) & 0xFFFFFFFF == 0xB1B0AFBA
    font = ImageFont.truetype(io.BytesIO(program), 100)
    assert font.getlength("any") == pytest.approx(150)
    assert font.getmask("any").getbbox() is None
