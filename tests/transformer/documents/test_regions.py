from __future__ import annotations

from typing import Any

import pytest

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import RecognitionOptions
from transformer.geometry import Geometry
from transformer.parameters import REGIONS

UPRIGHT = Geometry.identity(200, 100)


@pytest.mark.parametrize(
    ("value", "boxes"),
    [
        ("10,20,30,40", [(10, 20, 30, 40)]),
        ("0,0,50%,20%; 50%, 0, 100%, 100%", [(0, 0, 100, 20), (100, 0, 200, 100)]),
        ([[1, 2, 3, 4]], [(1, 2, 3, 4)]),
        ('[{"box": [1, 2, 3, 4]}, {"bbox": "0,0,50%,50%"}]', [(1, 2, 3, 4), (0, 0, 100, 50)]),
        ({"box": [0, 0, 500, 500]}, [(0, 0, 200, 100)]),
    ],
)
def test_forms(value: Any, boxes: list[tuple[int, ...]]) -> None:
    assert [region.on_page(UPRIGHT) for region in REGIONS.read(value)] == boxes


WRONG: tuple[Any, ...] = (
    *("", "1,2,3", "1,2,3,x", "3,2,1,4", "0,0,101%,1", "[1", "1,2,3,4;" * 101),
    *([], 7, [{"psm": 7}], '[{"box": [1,2,3,4], "lang": "deu"}]', [{"box": [1, 2, 3, 4], "psm": 99}]),
)


@pytest.mark.parametrize("value", WRONG)
def test_what_is_no_region_says_so(value: Any) -> None:
    with pytest.raises(InvalidParameterError, match=r"region|psm"):
        REGIONS.read(value)


def test_a_region_off_the_page() -> None:
    (region,) = REGIONS.read("300,0,400,10")
    with pytest.raises(InvalidParameterError, match="the page has 200 by 100 pixels"):
        region.on_page(UPRIGHT)


def test_a_turned_page() -> None:
    (region,) = REGIONS.read("0,0,20,10")

    assert region.on_page(Geometry.quarter_turned((200, 100), 1)) == (0, 180, 10, 200)


def test_its_own_options_go_before_those_of_the_page() -> None:
    (region,) = REGIONS.read([{"box": [0, 0, 9, 9], "psm": "7", "whitelist": "01"}])

    assert region.engine_options(RecognitionOptions(psm=3, blacklist="x")) == RecognitionOptions(
        psm=7, whitelist="01", blacklist="x"
    )
