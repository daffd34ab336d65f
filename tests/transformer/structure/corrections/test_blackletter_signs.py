from __future__ import annotations

import pytest

from tests.support.drawn_layouts import Pen, page, texts
from transformer.structure.corrections.correct import corrected


def read(*lines: str, model: str = "frk") -> list[str]:
    return texts(corrected(page(Pen().lines(lines, 100, 100)), languages=[model]))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("zu. können und. mit", "zu können und mit"),
        ("die Theil. der Wähler", "die Theil der Wähler"),
        ("als. Beauftragter der. Urne", "als Beauftragter der Urne"),
        ("sich: auf alle", "sich auf alle"),
    ],
)
def test_a_sign_in_the_middle_of_a_sentence_is_a_speck(text: str, wanted: str) -> None:
    assert read(text) == [wanted]
    assert read(text, model="deu") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Hr. alt der Fr. gekostet",
        "am 16. d. M. spricht",
        "betr. die eidgen. Post",
        "wurde. Das Haus an. Der Rath",
        "folgende: Das Haus",
        "geliefert; der Rath",
        "z. B. einmal",
    ],
)
def test_other_signs_stay(text: str) -> None:
    assert read(text) == [text]


@pytest.mark.parametrize("sign", [":", '"', "\u201c"])
def test_a_hyphen_at_the_end_of_a_line_is_one(sign: str) -> None:
    assert read(f"eine Eisenbahn{sign}", "strecke und") == ["eine Eisenbahn-", "strecke und"]
    assert read(f"eine Bahn{sign}", "Strecke und") == [f"eine Bahn{sign}", "Strecke und"]


def test_a_quotation_that_ends_with_its_line_stays() -> None:
    lines = ["das \u201eWort von gestern\u201c", "war es"]

    assert read(*lines) == lines


def test_a_full_stop_at_the_end_of_a_line_or_a_page() -> None:
    assert read("das System.", "sie auch so.") == ["das System", "sie auch so."]
