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


def test_short_uncertain_words_apart_from_the_end_of_a_line_go() -> None:
    text = PEN.line("one two", 100, 100)
    specks = Word("Sg", (20, 100, 40, 120), 0.2), Word("f", (300, 100, 310, 120), 0.4)
    layout = page([line(specks[0], *text.words, specks[1])])

    assert texts(without_noise(layout)) == ["one two"]


def test_short_words_at_the_end_of_a_line_stay_if_they_are_reliable_or_near() -> None:
    text = PEN.line("one two", 100, 100)
    near, reliable = Word("of", (190, 100, 210, 120), 0.2), Word("H", (300, 100, 310, 120), 0.8)
    layout = page([line(*text.words, near, reliable)])

    assert without_noise(layout) is layout


def test_a_short_uncertain_line_goes() -> None:
    speck = line(Word("Sg", (700, 500, 720, 520), 0.3))
    layout = page(PEN.lines(prose(5), 100, 100), [speck])

    assert texts(without_noise(layout)) == prose(5)


def test_boxes_without_room_for_letters_are_not_words() -> None:
    text = PEN.line("one two", 100, 100)
    crease, bar = Word("i", (190, 110, 193, 112), 0.9), Word("|", (210, 118, 213, 120), 0.9)
    dash = Word("\u2014", (230, 110, 250, 112), 0.9)
    layout = page([line(*text.words, crease, bar, dash)])

    assert texts(without_noise(layout)) == ["one two \u2014"]


def test_flat_characters_of_other_scripts_stay() -> None:
    one = Word("\u4e00", (190, 110, 210, 113), 0.9)
    layout = page([line(*PEN.line("\u4e8c\u4e09 \u56db\u4e94", 100, 100).words, one)])

    assert without_noise(layout) is layout
