from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, Word
from tests.transformer.formats.drawn import layout, line
from transformer.formats.pdf.text_layer.content import text_layer
from transformer.formats.pdf.text_layer.glyphless_font import GlyphlessFont
from transformer.formats.pdf.text_layer.page_geometry import view_to_page


def _operators(*lines: Line, font: GlyphlessFont | None = None) -> list[bytes]:
    """The operators of a page of 1200 by 800 pixels, which are half a point each."""
    page = layout(*lines)
    matrix = view_to_page((page.width, page.height), (0, 0, 600, 400), 0)
    layer = text_layer(page, font or GlyphlessFont(), to_page=matrix, pixels_per_unit=1)
    return layer.data.split(b"\n")


def _shown(row: Line) -> str:
    """The characters in the order in which they are shown."""
    font = GlyphlessFont()
    operators = b"\n".join(_operators(row, font=font))
    pairs = re.findall(rb"^<(..)> <(\w+)>$", font.to_unicode().partition(b"beginbfchar")[2], re.MULTILINE)
    back = {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}
    strings = re.findall(rb"\(([^)]*)\)", operators, re.DOTALL)
    return "".join(back[code] for code in b"".join(strings))


def test_words_and_spaces_are_stretched_to_their_positions() -> None:
    assert _operators(line("ab cde")) == [
        b"q 0.5 0 0 0.5 0 0 cm BT 3 Tr",
        b"100 600 Td/F0 40 Tf(\x0b\x0c\x06\x0e\x0f\x10)Tj",
        b"ET Q",
    ]


def test_a_gap_that_no_space_fills_is_an_adjustment() -> None:
    row = line("ab cde")
    first, second = row.words
    far = replace(second, bbox=(600, *second.bbox[1:2], 660, second.bbox[3]))
    operators = b"\n".join(_operators(replace(row, words=(first, far))))
    assert re.search(rb"\[\(\x0b\x0c\x04\)-\d+\(\x0e\x0f\x10\)\]TJ", operators)


def test_lines_at_one_distance_are_opened_by_one_operator() -> None:
    rows = [line("words of a line", y=y) for y in (100, 160, 221, 280)]
    moves = re.findall(rb"(-?\d+ -?\d+) Td", b"\n".join(_operators(*rows)))
    assert moves[1:] == [b"0 -60"] * 3


def test_words_of_a_tilted_line_rise_on_one_line_matrix() -> None:
    row = replace(line("up and up it goes"), baseline=(100.0, 200.0, 500.0, 190.0))
    operators = b"\n".join(_operators(row))
    assert len(re.findall(rb" T[dm]", operators)) == 1
    assert re.search(rb"\d+ Ts", operators)


def test_words_that_stand_where_the_font_puts_them_cost_nothing_but_their_letters() -> None:
    row = line("no on no on")
    words, x = [], 100.0
    for word in row.words:
        words.append(replace(word, bbox=(round(x), 170, round(x + 43.2), 208)))
        x += 43.2 + 10.8
    assert re.findall(rb"Tz|Tf|-?\d+\(", b" ".join(_operators(replace(row, words=tuple(words))))) == [b"Tf"]


def test_lines_of_nearly_the_same_height_share_a_size() -> None:
    rows = [replace(line("word", y=100 * at), height=height) for at, height in enumerate((40.0, 42.0, 90.0), 1)]
    assert re.findall(rb"(\d+) Tf", b" ".join(_operators(*rows))) == [b"42", b"90"]


def test_a_page_without_text_has_no_layer() -> None:
    row = line("a")
    assert _operators(replace(row, words=())) == [b""]
    assert _operators(replace(row, words=(Word("", row.bbox, 0.1),))) == [b""]


def test_touching_words_keep_a_space_between_them() -> None:
    row = line("ab cd")
    touching = replace(row, words=tuple(replace(word, bbox=(100, 170, 140, 208)) for word in row.words))
    assert _shown(touching) == "ab cd"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["שלום", "עולם"], "םלוע םולש"),
        (["ספר-12", "עם", "abc-7"], "abc-7 םע 12-רפס"),
        (["س١٢٣", "كتاب،"], "،باتك ١٢٣س"),
        (["בָּרָא"], "בָּרָא"[::-1]),
        (["left", "to", "right"], "left to right"),
    ],
)
def test_right_to_left_words_are_shown_in_the_order_in_which_they_stand(words: list[str], shown: str) -> None:
    right_to_left = words[0] != "left"
    row = line(" ".join(words[::-1] if right_to_left else words))
    in_reading_order = row.words[::-1] if right_to_left else row.words
    assert _shown(replace(row, words=in_reading_order)) == shown


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (500, 10, 500, 700), (0, 799, 1200, 800)])
def test_degenerate_boxes_give_finite_numbers(box: tuple[int, int, int, int]) -> None:
    for baseline in ((5.0, 5.0, 5.0, 5.0), (0.0, 0.0, 7.0, 7.0), (9.0, 0.0, 0.0, 3.0)):
        row = Line(box, (Word("x", box, 0.0), Word("yz", box, 0.0)), baseline, 0.0)
        operators = b"\n".join(_operators(row))
        assert b")Tj" in operators or b"]TJ" in operators
        assert not re.search(rb"nan|inf|e[+-]", operators)
