from __future__ import annotations

from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, PageLayout, Word
from tests.support.drawn_layouts import Pen, page, prose, texts
from transformer.structure.surer_words import with_surer_words

PEN = Pen(20)


def line(text: str, *confidences: float, y: float = 100) -> Line:
    """A line whose words have these confidences."""
    drawn = PEN.line(text, 100, y)
    words = zip(drawn.words, confidences, strict=True)
    return replace(drawn, words=tuple(replace(word, confidence=value) for word, value in words))


def test_surer_words_take_the_place_of_others() -> None:
    first, second = line("total 1O.50 EUR", 0.9, 0.4, 0.9), line("tofal 10.50 EUR", 0.5, 0.8, 0.9)

    found = with_surer_words(page([first]), page([second]))

    assert texts(found) == ["total 10.50 EUR"]
    assert [word.confidence for word in found.iter_words()] == [0.9, 0.8, 0.9]


def test_words_that_are_hardly_surer_do_not() -> None:
    layout = page([line("first words", 0.6, 0.6)])

    assert with_surer_words(layout, page([line("other words", 0.63, 0.6)])) is layout


def test_a_word_that_was_torn_is_replaced_by_the_whole_one() -> None:
    torn, whole = line("pho ne", 0.4, 0.5), PEN.line("phone", 100, 100)

    assert texts(with_surer_words(page([torn]), page([whole]))) == ["phone"]


def test_fewer_letters_do_not_replace_more() -> None:
    layout = page([line("understanding", 0.4)])
    part = Word("under", next(layout.iter_words()).bbox, 0.95)
    second = page([replace(PEN.line("under", 100, 100), words=(part,))])

    assert with_surer_words(layout, second) is layout


def test_words_stay_in_their_lines() -> None:
    first = page([line("one two", 0.4, 0.4)], [line("one two", 0.4, 0.4, y=130)])
    second = page([line("abc def", 0.9, 0.9)], [line("ghi jkl", 0.9, 0.9, y=130)])

    assert texts(with_surer_words(first, second)) == ["abc def", "ghi jkl"]


def test_words_beside_the_lines_are_not_added() -> None:
    layout = page(PEN.lines(prose(4), 100, 100))

    assert with_surer_words(layout, page([PEN.line("far away", 100, 800)])) is layout
    assert with_surer_words(layout, PageLayout(10, 10, ())) is layout
    assert with_surer_words(PageLayout(10, 10, ()), layout) == PageLayout(10, 10, ())


def test_words_keep_their_order_where_the_box_of_one_takes_a_rule_in() -> None:
    first = line("666 Fifth Avenue, New York", 0.9, 0.9, 0.4, 0.9, 0.9)
    on_rule = replace(first.words[2], bbox=(80, 100, 400, 124))
    first = replace(first, words=(*first.words[:2], on_rule, *first.words[3:]))
    below, surer = line("paid", 0.4, y=130), line("said", 0.9, y=130)

    found = with_surer_words(page([first, below]), page([first, surer]))

    assert texts(found) == ["666 Fifth Avenue, New York", "said"]
