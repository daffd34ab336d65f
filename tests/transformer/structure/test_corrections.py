"""Lines of 40 pixels: capitals stand on the baseline at 130 and are 30 pixels high."""

from __future__ import annotations

import pytest

from kserve_ocr.protocol.layout import Line, PageLayout, Word, around
from tests.support.drawn_layouts import page, texts
from transformer.structure.corrections import corrected

BASE, HEIGHT, SPACE = 130, 40, 14


def word(text: str, x: int, *, top: int = BASE - 30, bottom: int = BASE, width: int | None = None) -> Word:
    return Word(text, (x, top, x + (15 * len(text) if width is None else width), bottom), 0.9)


def row(*texts: str, gaps: tuple[int, ...] = ()) -> Line:
    """A line of words with a usual space between them, or the given gaps."""
    words: list[Word] = []
    x = 100
    for number, text in enumerate(texts):
        words.append(word(text, x))
        x = words[-1].bbox[2] + (gaps[number] if number < len(gaps) else SPACE)
    return line(*words)


def line(*words: Word) -> Line:
    box = around(word.bbox for word in words)
    return Line(box, words, (float(box[0]), float(BASE), float(box[2]), float(BASE)), float(HEIGHT))


def read(*lines: Line) -> list[str]:
    return texts(corrected(page(lines)))


BAR, SEPARATOR = word("|", 160, width=5), word("|", 160, top=BASE - 32, bottom=BASE + 8, width=4)


def test_a_bar_of_the_size_of_a_capital_is_one() -> None:
    assert read(line(word("Now", 100), BAR, word("know", 180))) == ["Now I know"]


def test_a_bar_that_goes_below_the_baseline_is_one() -> None:
    assert read(line(word("Phone", 70), SEPARATOR, word("Mail", 180))) == ["Phone | Mail"]


def test_bars_of_an_empty_table_stay() -> None:
    assert read(line(BAR, word("|", 400, width=5))) == ["| |"]


@pytest.mark.parametrize("letter", ["e", "¢"])
def test_a_round_sign_above_the_baseline_is_a_bullet(letter: str) -> None:
    sign = word(letter, 70, top=BASE - 22, bottom=BASE - 6, width=16)

    assert read(line(sign, word("Milk", 100))) == ["• Milk"]
    assert read(line(word("Road", 0), sign, word("Town", 100))) == ["Road • Town"]


@pytest.mark.parametrize("rise", [0, 3])
def test_letters_on_the_baseline_or_nearly_are_no_bullets(rise: int) -> None:
    assert read(line(word("e", 70, top=BASE - 20 - rise, bottom=BASE - rise), word("mobile", 100))) == ["e mobile"]


def test_raised_letters_are_no_bullets() -> None:
    raised = word("e", 160, top=BASE - 32, bottom=BASE - 16, width=15)

    assert read(line(word("XIX", 100), raised, word("siecle", 190))) == ["XIX e siecle"]


@pytest.mark.parametrize("texts", [("Total", "RM29.", "70", "net"), ("Change", "$0.", "56", "due")])
def test_an_amount_that_was_torn_is_joined(texts: tuple[str, ...]) -> None:
    first, left, right, last = texts

    assert read(row(*texts, gaps=(30, 12, 30))) == [f"{first} {left}{right} {last}"]


@pytest.mark.parametrize(
    ("texts", "gaps"),
    [
        (("Chapter", "12.", "30", "pages"), (14, 14, 14)),  # as wide as other gaps
        (("Nr.", "4.", "1200", "Fr."), (30, 12, 30)),  # no cents
        (("17", "18", "20"), (12, 12)),
    ],
)
def test_numbers_with_a_space_between_them_stay_apart(texts: tuple[str, ...], gaps: tuple[int, ...]) -> None:
    assert read(row(*texts, gaps=gaps)) == [" ".join(texts)]


def test_a_torn_amount_alone_in_its_line_is_joined() -> None:
    assert read(row("$4.", "28", gaps=(16,))) == ["$4.28"]
    assert read(row("4.", "28", gaps=(30,))) == ["4. 28"]


def test_a_name_of_a_file_that_was_torn_is_joined() -> None:
    assert read(row("INFO", "logging.", "py:", "62", "done", gaps=(24, 9, 9, 24))) == ["INFO logging.py:62 done"]


@pytest.mark.parametrize("signs", ["=", "=-", "--", "==", "-=-"])
def test_double_hyphens_of_blackletter_are_dashes(signs: str) -> None:
    layout = page([row("ja?", signs, "Nein")])

    assert texts(corrected(layout, blackletter=True)) == ["ja? \u2014 Nein"]
    assert corrected(layout) is layout


def test_hyphens_inside_of_words_of_blackletter_stay() -> None:
    layout = page([row("Lands=", "-", "mann")])

    assert corrected(layout, blackletter=True) is layout


def test_sentences_are_not_joined() -> None:
    assert read(row("It", "ends.", "Then", "ends.", "so", "on", gaps=(14, 6, 14, 14, 14))) == [
        "It ends. Then ends. so on"
    ]


def test_joined_words_have_a_box_around_both_and_their_mean_confidence() -> None:
    first, second = Word("$4.", (100, 100, 145, 130), 0.9), Word("28", (155, 98, 185, 131), 0.4)

    (found,) = corrected(page([line(first, second)])).iter_words()

    assert (found.text, found.bbox) == ("$4.28", (100, 98, 185, 131))
    assert found.confidence == pytest.approx(0.7)


def test_a_page_with_nothing_to_correct_comes_back_as_it_is() -> None:
    layout = page([row("All", "is", "well")])

    assert corrected(layout) is layout
    assert corrected(PageLayout(10, 10, ())) == PageLayout(10, 10, ())
