from __future__ import annotations

import pytest

from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.engines.choices import Choice, chosen

BOX = (0, 0, 10, 10)


def word(*symbols: tuple[tuple[str, float], ...]) -> list[list[Choice]]:
    return [[Choice(text, confidence) for text, confidence in choices] for choices in symbols]


def plain(text: str) -> list[list[Choice]]:
    """A word without any second choice."""
    return word(*(((character, 0.9),) for character in text))


def text_of(symbols: list[list[Choice]], **options: str) -> str:
    return chosen(symbols, RecognitionOptions(**options), bbox=BOX, confidence=0.9).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("read", "whitelist", "expected"),
    [
        ("O0S5", "0123456789", "0055"),
        ("1lI8B", "0123456789", "11188"),
        ("2Z", "0123456789", "22"),
        ("INV-2041", "0123456789", "2041"),  # N and V resemble no digit, so I is a letter too
        ("Total", "0123456789", ""),
        ("87.50", "0123456789", "8750"),
        ("0O", "ABCDEFGHIJKLMNO", "OO"),
        ("4711", "0123456789", "4711"),
    ],
)
def test_only_allowed_characters(read: str, whitelist: str, expected: str) -> None:
    assert text_of(plain(read), whitelist=whitelist) == expected


def test_the_network_s_second_choice_goes_before_what_looks_alike() -> None:
    symbols = word((("S", 0.9), ("8", 0.2), ("3", 0.0)))

    assert text_of(symbols, whitelist="0123456789") == "8"


def test_what_looks_alike_goes_before_an_unlikely_choice() -> None:
    symbols = word((("S", 0.9), ("8", 0.0), ("3", 0.0)))

    assert text_of(symbols, whitelist="0123456789") == "5"


def test_a_blacklist() -> None:
    symbols = word((("0", 0.8), ("O", 0.1)), (("K", 0.9),))

    assert text_of(symbols, blacklist="0") == "OK"
    assert text_of(symbols, whitelist="0K", blacklist="0") == "K"


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        (plain("47"), 0.95),
        (plain("4S"), 0.95),  # S can only be a 5
        (word((("4", 0.9),), (("S", 0.9), ("5", 0.06))), 0.95),
        (word((("S", 0.9), ("5", 0.3), ("8", 0.1))), 0.95 * 0.75),
        (word((("W", 0.9), ("4", 0.009))), 0.95 * 0.01),
        (word((("4", 0.9),), (("W", 0.9),)), 0.95),  # W is left out
    ],
)
def test_the_confidence_of_replaced_characters(symbols: list[list[Choice]], expected: float) -> None:
    options = RecognitionOptions(whitelist="0123456789")

    assert chosen(symbols, options, bbox=BOX, confidence=0.95).confidence == pytest.approx(expected)


def test_other_readings_by_their_confidence() -> None:
    symbols = word((("O", 0.8), ("0", 0.3)), (("K", 0.9), ("X", 0.5), ("H", 0.0)))
    options = RecognitionOptions(alternatives=3)

    assert chosen(symbols, options, bbox=BOX, confidence=0.8).alternatives == (("OX", 0.5), ("0K", 0.3))
