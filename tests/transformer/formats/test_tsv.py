from __future__ import annotations

from kserve_ocr.protocol.layout import Line, Word
from predictor.engines.tesserocr_layout import page_layout
from tests.transformer.formats import drawn
from tests.transformer.formats.drawn import layout, line
from transformer.formats.tsv import HEADER, tsv


def _rows(table: str) -> list[list[str]]:
    header, *rows, end = table.split("\n")
    assert header == HEADER
    assert not end
    return [row.split("\t") for row in rows]


def test_rows_are_those_that_tesseract_writes_for_the_same_page() -> None:
    page, _ = drawn.draw()
    with drawn.recognised(page) as api:
        read = page_layout(api.GetIterator(), width=page.width, height=page.height)
        own: str = api.GetTSVText(0)
    own = HEADER + "\n" + own
    assert tsv([read]).decode() == own
    assert [row[-1] for row in _rows(own) if row[0] == "5"] == " ".join(drawn.TEXT).split()


def test_levels_and_counters() -> None:
    rows = _rows(tsv([layout(line("one two"), line("three", y=300)), layout()]).decode())
    assert [row[:6] for row in rows] == [
        ["1", "1", "0", "0", "0", "0"],
        ["2", "1", "1", "0", "0", "0"],
        ["3", "1", "1", "1", "0", "0"],
        ["4", "1", "1", "1", "1", "0"],
        ["5", "1", "1", "1", "1", "1"],
        ["5", "1", "1", "1", "1", "2"],
        ["4", "1", "1", "1", "2", "0"],
        ["5", "1", "1", "1", "2", "1"],
        ["1", "2", "0", "0", "0", "0"],
    ]
    assert rows[4][6:] == ["100", "170", "60", "38", "90.000000", "one"]
    assert rows[8][6:] == ["0", "0", "1200", "800", "-1", ""]


def test_pages_keep_their_numbers_in_the_document() -> None:
    assert [row[1] for row in _rows(tsv([layout(), layout()], numbers=[4, 2]).decode())] == ["4", "2"]


def test_no_text_breaks_the_table() -> None:
    odd = Line((0, 0, 9, 9), (Word("a\tb\nc\r\x0b\u2028\ud800d", (0, 0, 9, 9), 1.0),), (0, 9, 9, 9), 9)
    rows = _rows(tsv([layout(odd)]).decode())
    assert [len(row) for row in rows] == [12] * 5
    assert rows[-1][-1] == "a b c   ?d"
