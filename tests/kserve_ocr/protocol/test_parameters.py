from __future__ import annotations

from typing import Any

import pytest

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import (
    RecognitionOptions,
    choice,
    integer,
    optional_integer,
    recognition_options,
    reject_unknown,
)

DEFAULTS = RecognitionOptions(lang="deu")


def test_nothing_asked_for_means_the_defaults() -> None:
    assert recognition_options({}, defaults=DEFAULTS) == DEFAULTS


def test_numbers_may_come_as_digits() -> None:
    given = {"lang": "eng+deu", "psm": "6", "oem": 1, "dpi": "300", "preprocess": "none"}

    found = recognition_options(given, defaults=DEFAULTS)

    assert found == RecognitionOptions(lang="eng+deu", psm=6, oem=1, dpi=300)
    assert found.languages == ("eng", "deu")


@pytest.mark.parametrize("lang", ["eng", "script/Latin", "chi_sim+eng", "+".join(["eng"] * 8)])
def test_names_of_models(lang: str) -> None:
    assert recognition_options({"lang": lang}, defaults=DEFAULTS).lang == lang


@pytest.mark.parametrize(
    "lang",
    [
        "",
        "+",
        "eng+",
        "../eng",
        "/etc/passwd",
        "a/b/c",
        "eng deu",
        "eng\n",
        "-l",
        "é",
        "e" * 65,
        "+".join(["e"] * 9),
        7,
    ],
)
def test_what_is_no_name_of_a_model(lang: Any) -> None:
    with pytest.raises(InvalidParameterError, match="lang must name installed models"):
        recognition_options({"lang": lang}, defaults=DEFAULTS)


@pytest.mark.parametrize("value", [-1, 14, 3.0, 3.5, "3.0", "", "+3", "٣", True, [], {}, "9" * 40])
def test_numbers_out_of_range_or_none_at_all(value: Any) -> None:
    with pytest.raises(InvalidParameterError, match="psm must be a whole number from 0 to 13"):
        integer({"psm": value}, "psm", low=0, high=13, default=3)


def test_a_number_that_may_be_missing() -> None:
    assert optional_integer({}, "dpi", low=70, high=2400, default=None) is None
    assert optional_integer({"dpi": None}, "dpi", low=70, high=2400, default=300) == 300


@pytest.mark.parametrize("value", ["yes", "", True, None, ["auto"]])
def test_a_word_that_is_not_offered(value: Any) -> None:
    with pytest.raises(InvalidParameterError, match="preprocess must be one of auto, none"):
        choice({"preprocess": value}, "preprocess", choices=("auto", "none"), default="auto")


def test_unknown_names_are_refused_and_known_ones_listed() -> None:
    reject_unknown({"lang": 1, "content_type": "base64", "binary_data_size": 3}, {"lang"})
    with pytest.raises(InvalidParameterError, match="unknown parameter 'config'; use one of lang, psm"):
        reject_unknown({"config": 1}, {"psm", "lang"})
