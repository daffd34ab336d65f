from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kserve_ocr.protocol.layout import Line, Paragraph, Word
from tests.transformer.formats.drawn import line
from transformer.formats.pdf.glyphless_font import GlyphlessFont
from transformer.formats.pdf.text_layer import paragraph_operators


def _operators(*lines: Line, font: GlyphlessFont | None = None) -> list[str]:
    return paragraph_operators(Paragraph((0, 0, 9, 9), lines), page_height=800, font=font or GlyphlessFont())


def _text(operators: list[str], font: GlyphlessFont) -> str:
    """The characters in the order in which they are shown."""
    pairs = re.findall(rb"^<(....)> <(\w+)>$", font.to_unicode(), re.MULTILINE)
    back = {code.decode(): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}
    strings = re.findall(r"<(\w+)> Tj", "\n".join(operators))
    return "".join(back[code] for string in strings for code in re.findall("....", string))


def _shown(row: Line) -> str:
    font = GlyphlessFont()
    return _text(_operators(row, font=font), font)


def test_words_and_spaces_are_stretched_to_their_places() -> None:
    operators = _operators(line("ab cde"))
    assert operators == [
        "1 0 0 1 100 600 Tm",
        "0 0 Td /F0 40 Tf 0 Ts 100 Tz <00010002> Tj",
        "100 Tz <0003> Tj",
        "60 0 Td /F0 40 Tf 0 Ts 100 Tz <000400050006> Tj",
    ]


def test_lines_of_nearly_the_same_height_share_a_size() -> None:
    rows = [replace(line("word", y=100 * at), height=height) for at, height in enumerate((40.0, 42.0, 90.0), 1)]
    assert re.findall(r"(\d+) Tf", " ".join(_operators(*rows))) == ["42", "42", "90"]


def test_line_without_text_shows_nothing() -> None:
    row = line("a")
    assert _operators(replace(row, words=())) == []
    assert _operators(replace(row, words=(Word("", row.bbox, 0.1),))) == []


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
        operators = "\n".join(_operators(row))
        assert operators.count("Tj") == 3
        assert not re.search("nan|inf|e[+-]", operators)
