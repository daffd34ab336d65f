"""Languages as people name them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kserve_ocr.protocol.language.languages import describe, languages, models_of


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("eng", ["eng"]),
        ("en", ["eng"]),
        ("EN-gb", ["eng"]),
        ("en_US", ["eng"]),
        ("English", ["eng"]),
        ("Deutsch", ["deu"]),
        ("german", ["deu"]),
        ("ger", ["deu"]),
        ("français", ["fra"]),
        ("Русский", ["rus"]),
        ("日本語", ["jpn"]),
        ("zh", ["chi_sim"]),
        ("zh-Hans", ["chi_sim"]),
        ("zh_hans", ["chi_sim"]),
        ("zh-TW", ["chi_tra"]),
        ("CHI_SIM", ["chi_sim"]),
        ("sr-Latn", ["srp_latn"]),
        ("pt-BR", ["por"]),
        ("nb", ["nor"]),
        ("Chinese (Traditional)", ["chi_tra"]),
        ("script/Latin", ["script/Latin"]),
        ("Latin", ["lat"]),
        ("my_model", ["my_model"]),
        ("eng+deu", ["eng", "deu"]),
        ("eng deu", ["eng", "deu"]),
        ("English, Deutsch", ["eng", "deu"]),
        ("de;fr|it", ["deu", "fra", "ita"]),
        ("Ancient Greek English", ["grc", "eng"]),
        ("eng,en,English", ["eng"]),
        ("  ", []),
        ("+,", []),
    ],
)
def test_models(text: str, models: list[str]) -> None:
    assert list(models_of(text)) == models


@given(st.text(max_size=60))
def test_any_text_gives_names_without_separators(text: str) -> None:
    assert all(model and not set(model) & set("+,;| ") for model in models_of(text))


def test_every_name_and_code_of_the_table_finds_its_model() -> None:
    for language in languages():
        for name in (language.model, *language.tags):
            assert models_of(name) == (language.model,), name


def test_every_name_in_words_finds_its_model() -> None:
    """But for the few that hold a separator, and words that are a code of another language."""
    for language in languages():
        for name in {language.name, language.native}:
            if not set(name) & set("+,;|"):
                assert models_of(name) == (language.model,), name


def test_a_model_of_one_s_own_is_described_by_its_name() -> None:
    known, own = describe(["eng", "script/Latin"])

    assert (known.name, known.native, known.tags) == ("English", "English", ("en",))
    assert (own.model, own.name, own.tags) == ("script/Latin", "Latin", ())
