from __future__ import annotations

from typing import Any

import pytest

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import (
    DPI,
    ENGINE_PARAMETERS,
    LANG,
    PSM,
    Choice,
    RecognitionOptions,
    Text,
    check_known,
    given,
    recognition_options,
    schemas,
)

DEFAULTS = RecognitionOptions(lang="deu")
COLOR = Choice(name="color", description="", choices=("red", "green"))
PAGES = Text(name="pages", description="", form="numbers such as 1-3", example="1-3")


def test_nothing_requested_means_the_defaults() -> None:
    assert recognition_options({}, defaults=DEFAULTS) == DEFAULTS
    assert recognition_options({"lang": None, "psm": None}, defaults=DEFAULTS) == DEFAULTS


def test_numbers_may_come_as_digits() -> None:
    values = {"lang": "eng+deu", "psm": "6", "oem": 1, "dpi": "300", "preprocess": "none"}

    found = recognition_options(values, defaults=DEFAULTS)

    assert found == RecognitionOptions(lang="eng+deu", psm=6, oem=1, dpi=300)
    assert found.languages == ("eng", "deu")


@pytest.mark.parametrize(
    ("lang", "models"),
    [
        ("eng", "eng"),
        ("script/Latin", "script/Latin"),
        ("chi_sim+eng", "chi_sim+eng"),
        ("my_model", "my_model"),
        ("eng deu", "eng+deu"),
        (" de , en;fr ", "deu+eng+fra"),
        (["en", "German"], "eng+deu"),
        ("+".join(["eng"] * 20), "eng"),
    ],
)
def test_languages_become_models(lang: Any, models: str) -> None:
    assert LANG.read(lang) == models


@pytest.mark.parametrize(
    "lang",
    [
        "",
        "+",
        " ",
        "../eng",
        "/etc/passwd",
        "a/b/c",
        "-l",
        "é",
        "e" * 65,
        "+".join(f"e{n}" for n in range(9)),
        7,
        [],
        [1],
    ],
)
def test_what_is_no_language(lang: Any) -> None:
    with pytest.raises(InvalidParameterError, match="lang must name 1 to 8 languages"):
        LANG.read(lang)


def test_a_long_text_is_not_searched_for_languages() -> None:
    with pytest.raises(InvalidParameterError):
        LANG.read("e " * 1_000_000)


@pytest.mark.parametrize("value", [-1, 14, 3.0, 3.5, "3.0", "", "+3", "٣", True, [], {}, "9" * 40])
def test_numbers_out_of_range_or_none_at_all(value: Any) -> None:
    with pytest.raises(InvalidParameterError, match="psm must be a whole number from 0 to 13"):
        PSM.read(value)


def test_a_number_that_may_be_missing() -> None:
    assert given({}, DPI, None) is None
    assert given({"dpi": None}, DPI, 300) == 300


@pytest.mark.parametrize("value", ["blue", "", True, ["red"]])
def test_a_word_that_is_not_offered(value: Any) -> None:
    with pytest.raises(InvalidParameterError, match="color must be one of red, green"):
        COLOR.read(value)


def test_a_text_may_be_a_number() -> None:
    assert PAGES.read(3) == "3"
    with pytest.raises(InvalidParameterError, match="pages must be numbers such as 1-3"):
        PAGES.read(True)


def test_unknown_names_are_rejected_and_known_ones_listed() -> None:
    check_known({"lang": 1, "content_type": "base64", "binary_data_size": 3}, [LANG])
    with pytest.raises(InvalidParameterError, match="unknown parameter 'config'; use one of lang, psm"):
        check_known({"config": 1}, [PSM, LANG])


def test_every_parameter_has_a_schema_with_a_description() -> None:
    found = schemas([*ENGINE_PARAMETERS, COLOR, PAGES])

    assert list(found) == [*(parameter.name for parameter in ENGINE_PARAMETERS), "color", "pages"]
    assert found["psm"] == {"type": "integer", "minimum": 0, "maximum": 13, "description": PSM.description}
    assert found["color"]["enum"] == ["red", "green"]
    assert all("description" in schema and "type" in schema for schema in found.values())
