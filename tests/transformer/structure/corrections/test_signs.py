from __future__ import annotations

import pytest
from msgspec.structs import replace

from kserve_ocr.protocol.layout import Line, PageLayout, Word
from tests.support.drawn_layouts import page, texts
from tests.support.drawn_lines import BASE, line, row, word
from transformer.structure.corrections.correct import corrected


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


def test_a_page_with_nothing_to_correct_comes_back_as_it_is() -> None:
    layout = page([row("All", "is", "well")])

    assert corrected(layout) is layout
    assert corrected(PageLayout(10, 10, ())) == PageLayout(10, 10, ())


def comma(text: str, *, depth: int, confidence: float = 0.8) -> Word:
    return replace(word(text, 200, bottom=BASE + depth), confidence=confidence)


@pytest.mark.parametrize("text", ["war,", "REUNION,", "18,"])
def test_a_comma_that_ends_on_the_baseline_is_a_full_stop(text: str) -> None:
    assert read(line(word("es", 100), comma(text, depth=1))) == [f"es {text[:-1]}."]
    assert read(line(word("es", 100), comma(text, depth=5))) == [f"es {text}"]


def test_commas_stay_where_the_box_says_nothing() -> None:
    assert read(line(word("il", 100), comma("point,", depth=0))) == ["il point,"]
    assert read(line(word("il", 100), comma("fait,", depth=0, confidence=0.95))) == ["il fait,"]
    assert read(line(word("il", 100), comma(",", depth=0))) == ["il ,"]
    low = replace(line(word("il", 100), comma("eut,", depth=0)), height=20.0)
    assert read(low) == ["il eut,"]


def test_a_capital_with_an_accent_within_a_sentence_is_a_small_letter() -> None:
    assert read(row("donner", "À", "la", "maison")) == ["donner à la maison"]
    assert read(row("avez,", "À", "la", "fin")) == ["avez, à la fin"]


@pytest.mark.parametrize(
    "texts_of_line", [("À", "la", "fin"), ("vient.", "À", "la", "fin"), ("DE", "À", "Z"), ("a", "À")]
)
def test_other_capitals_stay(texts_of_line: tuple[str, ...]) -> None:
    assert read(row(*texts_of_line)) == [" ".join(texts_of_line)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("here___", "here"), ("NAME:_", "NAME:"), ("_September", "September"), ("__Revaweo:", "Revaweo:")],
)
def test_blanks_to_fill_in_are_no_letters(text: str, wanted: str) -> None:
    assert read(row("the", text, "of")) == [f"the {wanted} of"]


@pytest.mark.parametrize("text", ["_private", "__init__.py", "a_b", "___", "MAX_SIZE", "_ID"])
def test_names_in_programs_keep_their_underscores(text: str) -> None:
    assert read(row("the", text, "of")) == [f"the {text} of"]
