from dataclasses import replace

from kserve_ocr.protocol.layout import Line, PageLayout, Word, around
from tests.support.drawn_layouts import Pen, page, prose, texts
from transformer.structure.noise import without_noise

PEN = Pen(20)


def line(*words: Word) -> Line:
    box = around(word.bbox for word in words)
    return Line(box, words, (box[0], box[3], box[2], box[3]), box[3] - box[1])


def test_a_page_without_noise_comes_back_as_it_is() -> None:
    layout = page(PEN.lines(prose(5), 100, 100))

    assert without_noise(layout) is layout


def test_uncertain_symbols_go_and_reliable_ones_stay() -> None:
    text = PEN.line("one two", 100, 100)
    uncertain, reliable = Word("|", (300, 100, 305, 120), 0.3), Word("*", (320, 100, 330, 120), 0.9)
    layout = page([line(*text.words, uncertain, reliable)])

    cleaned = without_noise(layout)

    assert texts(cleaned) == ["one two *"]
    (left,) = cleaned.iter_lines()
    assert left.bbox == around(word.bbox for word in left.words)


def test_a_uncertain_line_of_letters_out_of_proportion_goes() -> None:
    scribble = line(Word("Mw", (100, 500, 700, 640), 0.2))
    layout = page(PEN.lines(prose(5), 100, 100), [scribble])

    assert texts(without_noise(layout)) == prose(5)


def test_a_uncertain_line_of_usual_letters_stays() -> None:
    faint = replace(PEN, confidence=0.2).line("hardly legible", 100, 500)
    layout = page(PEN.lines(prose(5), 100, 100), [faint])

    assert texts(without_noise(layout)) == [*prose(5), "hardly legible"]


def test_a_reliable_line_of_large_letters_stays() -> None:
    layout = page([Pen(120).line("TITLE", 100, 10)], PEN.lines(prose(5), 100, 200))

    assert without_noise(layout) is layout


def test_the_only_line_stays_however_uncertain_it_is() -> None:
    layout = page([line(Word("~", (0, 0, 900, 20), 0.1))])

    assert without_noise(layout) is layout


def test_a_page_without_words_has_no_noise() -> None:
    assert without_noise(PageLayout(10, 10, ())) == PageLayout(10, 10, ())
