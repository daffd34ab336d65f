from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.support.drawn_pages import draw_page, encode
from tests.support.http_calls import outputs_of, text_of, upload, words_of
from tests.transformer.pipeline.pages.test_page_recognizer import prepared
from tools.local_stack import Service
from transformer.pipeline.pages import osd
from transformer.preprocess.prepare import prepare

# Few letters rise and fewer hang: too little to tell top from bottom by them.
FLAT = (
    "the bold seven cars ran over a narrow avenue",
    "the bold saw nine men on a warm summer morning",
    "the bold room is near a museum in vienna",
)
REPORT = "Page number: 0\nOrientation in degrees: {}\nRotate: {}\nOrientation confidence: {}\nScript: Latin\n"


@pytest.mark.parametrize(("degrees", "rotate", "turns"), [(0, 0, 0), (270, 90, 3), (180, 180, 2), (90, 270, 1)])
def test_a_report_tells_the_turns_that_bring_a_page_upright(degrees: int, rotate: int, turns: int) -> None:
    assert osd.quarter_turns(REPORT.format(degrees, rotate, "7.25")) == turns


@pytest.mark.parametrize("report", ["", REPORT.format(180, 180, "0.40"), "Rotate: 180\n"])
def test_an_unsure_report_turns_nothing(report: str) -> None:
    assert osd.quarter_turns(report) == 0


def test_letters_and_numbers_turn_with_their_page() -> None:
    number = [40, 10, 52, 30, 30, 10, 62, 30]
    page = prepared(letters=[[0, 0, 10, 20]], numbers=[number])
    height, width = page.pixels.shape

    turned = osd.turned(page, 2)

    assert turned.letters.tolist() == [[width - 10, height - 20, width, height]]
    expected = [width - 52, height - 30, width - 40, height - 10, width - 62, height - 30, width - 30, height - 10]
    assert turned.numbers.tolist() == [expected]


def upside_down() -> Image.Image:
    return draw_page(FLAT, size=36, width=1600).rotate(180)


def test_the_page_drawn_here_is_in_doubt() -> None:
    assert prepare(np.asarray(upside_down())).orientation_uncertain


def test_a_page_in_doubt_is_settled_by_the_predictor(service: Service) -> None:
    page = upside_down()

    answer = upload(service.transformer, encode(page), outputs="text,words")

    outputs = outputs_of(answer)
    assert outputs["text"][0].split() == " ".join(FLAT).split()
    (read,) = json.loads(outputs["words"][0])["pages"]
    words = words_of(read)
    # On the page as sent the text begins at the bottom right.
    x0, y0, x1, y1 = words[0]["bbox"]
    assert words[0]["text"] == "the"
    assert x0 > page.width / 2
    assert y0 > page.height / 2
    ink = np.asarray(page)[y0:y1, x0:x1] < 128
    assert ink.any(axis=1).mean() > 0.8


def test_a_page_in_doubt_stays_as_it_is_when_that_is_asked_for(service: Service) -> None:
    text = text_of(upload(service.transformer, encode(upside_down()), orient="none"))

    assert "avenue" not in text
