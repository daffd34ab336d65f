from __future__ import annotations

import pytest

from kserve_ocr.protocol.layout import Line, Word
from tests.support.drawn_layouts import page, texts
from tests.support.drawn_lines import line, row
from transformer.structure.corrections.correct import corrected


def read(*lines: Line) -> list[str]:
    return texts(corrected(page(lines)))


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


def test_sentences_are_not_joined() -> None:
    assert read(row("It", "ends.", "Then", "ends.", "so", "on", gaps=(14, 6, 14, 14, 14))) == [
        "It ends. Then ends. so on"
    ]


def test_joined_words_have_a_box_around_both_and_their_mean_confidence() -> None:
    first, second = Word("$4.", (100, 100, 145, 130), 0.9), Word("28", (155, 98, 185, 131), 0.4)

    (found,) = corrected(page([line(first, second)])).iter_words()

    assert (found.text, found.bbox) == ("$4.28", (100, 98, 185, 131))
    assert found.confidence == pytest.approx(0.7)


@pytest.mark.parametrize("gap", [-50, -22, 12])
def test_an_amount_in_wide_letters_is_joined_although_its_parts_overlap(gap: int) -> None:
    assert read(row("2", "X", "RM43.", "40", gaps=(16, 68, gap))) == ["2 X RM43.40"]


@pytest.mark.parametrize("gap", [16, 40])
def test_cents_after_a_wide_gap_are_joined_to_their_amount(gap: int) -> None:
    assert read(row("BALANCE", "DUE", "$36", ".26", gaps=(20, 300, gap))) == ["BALANCE DUE $36.26"]
    assert read(row("BALANCE", "DUE", "$36", ".26", gaps=(20, 300, 60))) == ["BALANCE DUE $36 .26"]


@pytest.mark.parametrize(("sign", "gap"), [(",", -8), (",", 9), (";", 4), (":", -12), ("!", 0), ("?", 4)])
def test_a_sign_after_a_thin_space_belongs_to_its_word(sign: str, gap: int) -> None:
    assert read(row("so", "it", "was", "once", sign, "and", "is", gaps=(14, 14, 14, gap))) == [
        f"so it was once{sign} and is"
    ]


@pytest.mark.parametrize(("sign", "gap"), [(",", 14), (";", 9), ("?", 14), (":", 30)])
def test_a_sign_after_a_whole_space_stands_alone(sign: str, gap: int) -> None:
    assert read(row("so", "it", "was", "once", sign, "and", "is", gaps=(14, 14, 14, gap))) == [
        f"so it was once {sign} and is"
    ]


def test_the_colon_of_a_label_stands_alone() -> None:
    assert read(row("Cashier", ":", "Li", gaps=(-5, 12))) == ["Cashier : Li"]
    assert read(row("a", "b", "c", "d", ":", "12", gaps=(90, 90, 90, 4, 90))) == ["a b c d : 12"]
