from __future__ import annotations

import pytest

from tests.support.drawn_layouts import Pen, page, prose, texts
from transformer.structure.corrections.correct import corrected


def read(*lines: str, model: str = "eng") -> list[str]:
    return texts(corrected(page(Pen().lines(lines, 100, 100)), languages=[model]))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{GST ID No 3020352)", "(GST ID No 3020352)"),
        ("{Forward by the 10th (or later) of the month.)", "(Forward by the 10th (or later) of the month.)"),
        ("corsets (Mad }, Bac 21", "corsets (Mad ), Bac 21"),
    ],
)
def test_a_brace_whose_other_half_is_round_is_round(text: str, wanted: str) -> None:
    assert read(text) == [wanted]


@pytest.mark.parametrize(
    "text", ["{'id': (1, 2)}", "{fox} jumps", "{ and )", "(Mme }),", "call({1: [2]})", "a } b ) c", "{[x)"]
)
def test_brackets_that_fit_or_stand_alone_stay(text: str) -> None:
    wanted = "( and )" if text == "{ and )" else text

    assert read(text) == [wanted]


def test_a_quotation_mark_that_none_closes_is_a_speck() -> None:
    assert read("REPORTING 'PERIODS: are", "all 'wanted' here", "by the 'chef") == [
        "REPORTING PERIODS: are",
        "all 'wanted' here",
        "by the chef",
    ]


@pytest.mark.parametrize("sign", ["\u201e", "\u201c", '"'])
def test_a_double_one_in_blackletter_is_a_speck_before_a_small_letter(sign: str) -> None:
    text = f"und {sign}große Dinge {sign}Wer"

    assert read(text, model="frk") == [f"und große Dinge {sign}Wer"]
    assert read(text, model="deu") == [text]
    assert read(f"und {sign}große Dinge\u201c war", model="frk") == [f"und {sign}große Dinge\u201c war"]


def test_a_quotation_over_two_lines_stays() -> None:
    assert read("he said 'come over", "here, if you can,' and left") == [
        "he said 'come over",
        "here, if you can,' and left",
    ]


def test_a_quotation_of_half_a_page_is_none() -> None:
    lines = ["he said 'come over", *prose(8, width=60), "the boys' dog"]

    assert read(*lines)[0] == "he said come over"


@pytest.mark.parametrize(
    "text", ["'tis late", "in '90s style", "he's 'n good", "don't go", "des 's Abends", "le 't huis"]
)
def test_apostrophes_stay(text: str) -> None:
    assert read(text) == [text]


def test_quotation_marks_of_a_program_stay() -> None:
    text = "{'version': '1.1', 'params': [['apple', 'orange']]}"

    assert read(text) == [text]
