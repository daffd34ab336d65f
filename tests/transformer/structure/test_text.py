from kserve_ocr.protocol.layout import Line, PageLayout, Word
from tests.support.drawn_layouts import Pen, block
from transformer.structure.text import line_text, page_text


def test_paragraphs_end_with_a_blank_line() -> None:
    pen = Pen()
    layout = PageLayout(900, 900, (block(pen.lines(["one two", "three"], 10, 10)), block([pen.line("four", 10, 200)])))

    assert page_text(layout) == "one two\nthree\n\nfour\n\n"


def test_a_page_without_words_has_no_text() -> None:
    assert page_text(PageLayout(10, 10, ())) == ""


def line(*words: tuple[str, int, int]) -> Line:
    parts = tuple(Word(text, (x0, 0, x1, 40), 0.9) for text, x0, x1 in words)
    return Line((0, 0, 900, 40), parts, (0, 40, 900, 40), 40)


def test_japanese_words_side_by_side_are_written_without_a_space() -> None:
    assert line_text(line(("東京", 0, 80), ("都", 85, 125), ("Tokyo", 140, 240))) == "東京都 Tokyo"


def test_a_wide_gap_between_thai_words_is_a_space() -> None:
    assert line_text(line(("ภาษา", 0, 80), ("ไทย", 140, 200))) == "ภาษา ไทย"


def test_korean_words_have_spaces() -> None:
    assert line_text(line(("한국어", 0, 80), ("문장", 90, 140))) == "한국어 문장"
