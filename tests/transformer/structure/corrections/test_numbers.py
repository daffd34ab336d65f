from __future__ import annotations

import uuid

import pytest

from tests.support.drawn_layouts import page, texts
from tests.support.drawn_lines import row
from transformer.structure.corrections.correct import corrected

IDENTIFIER = str(uuid.UUID(int=0xB0F1_0C1F_0A10_4F01_8F10_0F1E_2D3C_4B5A))


def read(*words: str) -> str:
    (line,) = texts(corrected(page([row(*words)])))
    return line


@pytest.mark.parametrize("zero", "@OoQ")
@pytest.mark.parametrize("one", "lI|")
def test_a_uuid_has_hexadecimal_digits_only(zero: str, one: str) -> None:
    misread = IDENTIFIER.replace("0", zero).replace("1", one).replace("f", "£", 2).replace("f", "F", 1)

    assert read("id:", f"'{misread}',") == f"id: '{IDENTIFIER}',"


@pytest.mark.parametrize("length", [32, 40, 64])
def test_a_digest_has_them_in_one_case(length: int) -> None:
    digest = (IDENTIFIER.replace("-", "") * 2)[:length]

    assert read(digest.replace("0", "O")) == digest
    assert read(digest.upper().replace("0", "O").replace("F", "f", 1)) == digest.upper()


@pytest.mark.parametrize("word", ["deadbeef-O123-4567-89ab", "g" * 32, "Foo" * 12, "l" * 31])
def test_other_long_words_stay(word: str) -> None:
    assert read(word) == word


@pytest.mark.parametrize(
    ("written", "meant"),
    [("20@", "200"), ("'2.@',", "'2.0',"), ("@6%", "@6%"), ("a1@b.org", "a1@b.org"), ("x@", "x@")],
)
def test_a_zero_with_a_dot_at_the_end_of_a_number(written: str, meant: str) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("1.20", "Ib", "@"), "1.20 lb @"),
        (("3", "1b."), "3 lb."),
        (("$2.49/1b",), "$2.49/lb"),
        (("Ib", "Hansen"), "Ib Hansen"),
        (("Fig.", "1b"), "Fig. 1b"),
    ],
)
def test_pounds(words: tuple[str, ...], meant: str) -> None:
    assert read(*words) == meant


def test_an_english_page_writes_all_amounts_with_points() -> None:
    amounts = page([row("Item", f"{price}.99") for price in range(6)] + [row("Sum", "$19,96")])

    assert texts(corrected(amounts, languages=["eng"]))[-1] == "Sum $19.96"
    assert corrected(amounts, languages=["deu"]) is amounts


@pytest.mark.parametrize("commas", [2, 6])
def test_commas_stay_on_a_page_that_has_many(commas: int) -> None:
    amounts = page([row("Item", "4.99")] * 6 + [row("Sum", "19,96")] * commas)

    assert corrected(amounts, languages=["eng"]) is amounts


def test_thousands_stay() -> None:
    amounts = page([row("Item", "4.99")] * 6 + [row("Sum", "1,234", "1,234.50")])

    assert corrected(amounts, languages=["eng"]) is amounts
