from __future__ import annotations

import pytest

from tests.support.drawn_layouts import page, texts
from tests.support.drawn_lines import row
from transformer.structure.corrections.correct import corrected


def read(*words: str) -> str:
    (line,) = texts(corrected(page([row(*words)]), languages=["frk"]))
    return line


@pytest.mark.parametrize("signs", ["=", "=-", "--", "==", "-=-"])
def test_double_hyphens_are_dashes(signs: str) -> None:
    layout = page([row("ja?", signs, "Nein")])

    assert texts(corrected(layout, languages=["frk"])) == ["ja? \u2014 Nein"]
    assert corrected(layout, languages=["deu"]) is layout


def test_hyphens_inside_of_words_stay() -> None:
    layout = page([row("Lands=", "-", "mann")])

    assert corrected(layout, languages=["frk"]) is layout


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("dur<", "durch"),
        ("durc<", "durch"),
        ("na<geholt,", "nachgeholt,"),
        ("Deuts<hland", "Deutschland"),
        ("<arakteristische", "charakteristische"),
        ("de>en", "decken"),
        ("Schre>ken", "Schrecken"),
        ("zwe>mäßig.", "zweckmäßig."),
        ("al8,", "als,"),
        ("Verfassung8artikel", "Verfassungsartikel"),
    ],
)
def test_letters_that_the_model_writes_as_signs(written: str, meant: str) -> None:
    assert read(written) == meant
    assert texts(corrected(page([row(written)]), languages=["deu"])) == [written]


@pytest.mark.parametrize("word", ["1848", "18.", "<", ">", "Nr8.50", "8", "x8/9"])
def test_numbers_and_lone_signs_stay(word: str) -> None:
    assert read("am", word, "Juli") == f"am {word} Juli"


@pytest.mark.parametrize(("word", "wanted"), [("-der", "der"), (":Rathe", "Rathe"), (".die", "die"), (";an", "an")])
def test_a_sign_before_a_word_is_a_speck(word: str, wanted: str) -> None:
    assert read("das", word, "war") == f"das {wanted} war"


@pytest.mark.parametrize("word", ["...", "-a", ".5", "an-der", "(der"])
def test_other_signs_stay(word: str) -> None:
    assert read("das", word, "war") == f"das {word} war"
