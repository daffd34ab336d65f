"""``lang=auto`` through both services, and its choices without them."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

from kserve_ocr.protocol.layout import PageLayout
from tests.support.drawn_pages import draw_page, encode
from tests.support.http_calls import outputs_of, text_of, upload
from tests.support.scripts import SAMPLES, draw_sample
from tests.transformer.pipeline.pages.test_upright import similarity
from tools.local_stack import Service
from transformer.pipeline.pages import auto_language
from transformer.pipeline.pages.auto_language import LanguageChoice
from transformer.pipeline.pages.page_recognizer import RecognizedPage
from transformer.pipeline.pages.upright import certainty

GERMAN = ("Die Gemeinde lädt alle Bürger zur Versammlung ein,", "die am Donnerstag um zwanzig Uhr beginnen wird.")
FRENCH = ("Le conseil municipal invite tous les habitants à la", "réunion qui aura lieu jeudi prochain à vingt heures.")
ENGLISH = ("The council invites everybody to the meeting which", "will be held next Thursday at eight in the evening.")


@pytest.mark.parametrize(
    "lang",
    [
        *("eng", "pol", "rus", "ukr", "ara", "chi_sim"),
        *(pytest.param(lang, marks=pytest.mark.long) for lang in ("ell", "heb", "hin", "tha", "jpn", "kor")),
    ],
)
def test_the_language_of_a_page_is_found(service: Service, lang: str) -> None:
    page = encode(draw_sample(lang, size=32, repeat=4))
    response = upload(service.transformer, page, lang="auto")
    assert similarity(outputs_of(response)["output-0"][0], "\n".join(SAMPLES[lang].lines * 4)) > 0.8
    assert response.json()["parameters"]["lang"] == lang


@pytest.mark.parametrize(("lines", "lang"), [(GERMAN, "deu"), (FRENCH, "fra"), (ENGLISH, "eng")])
def test_languages_of_one_script_are_told_apart(service: Service, lines: tuple[str, ...], lang: str) -> None:
    response = upload(
        service.transformer, encode(draw_sample("eng", lines=lines * 2, size=36)), lang="auto", outputs="text,words"
    )
    outputs = outputs_of(response)
    assert outputs["text"][0].split() == " ".join(lines * 2).split()
    (page,) = json.loads(outputs["words"][0])["pages"]
    assert page["lang"] == lang
    assert page["lang_confidence"] > 0.9
    assert page["script"] == "Latin"
    assert (page["rotation"], page["preparation"]) == (0, [])


def test_an_upside_down_page_of_unknown_language_is_read(service: Service) -> None:
    page = draw_sample("rus", size=32, repeat=4).rotate(180)
    response = upload(service.transformer, encode(page), lang="auto", outputs="text,words")
    outputs = outputs_of(response)
    assert similarity(outputs["text"][0], "\n".join(SAMPLES["rus"].lines * 4)) > 0.9
    assert json.loads(outputs["words"][0])["pages"][0]["rotation"] == 180


def test_numbers_alone_are_read_as_english(service: Service) -> None:
    page = draw_page(("2024 317 88", "1,482.50 77", "19.12 4410"))
    response = upload(service.transformer, encode(page), lang="auto")
    assert response.json()["parameters"]["lang"] == "eng"
    assert "1,482.50" in outputs_of(response)["output-0"][0]


def test_auto_stands_alone(service: Service) -> None:
    response = upload(service.transformer, encode(draw_page()), lang="auto+deu")
    assert response.status_code == 400
    assert "alone" in response.json()["error"]


def test_a_language_by_name_needs_no_detection(service: Service) -> None:
    response = upload(service.transformer, encode(draw_page()), lang="eng")
    assert "parameters" not in response.json()
    assert "book" in text_of(upload(service.transformer, encode(draw_page()), lang="eng"))


def chosen(
    readings: dict[str, tuple[str, float]], *, script: str, installed: set[str]
) -> tuple[LanguageChoice, list[str]]:
    """The choice where each model reads that text with that confidence, and the models asked in order."""
    asked: list[str] = []

    async def read(model: str) -> auto_language.Reading:
        asked.append(model)
        text, confidence = readings[model]
        return None, RecognizedPage(text, confidence, None)  # type: ignore[return-value]

    _, choice = asyncio.run(auto_language.recognize(read, script=script, installed=installed))
    return choice, asked


def test_an_english_page_is_recognized_once() -> None:
    choice, asked = chosen({"eng": (" ".join(ENGLISH), 0.95)}, script="Latin", installed={"eng", "deu"})
    assert asked == ["eng"]
    assert choice.model == "eng"
    assert choice.confidence > 0.9


def test_english_is_kept_where_the_identified_language_reads_worse() -> None:
    readings = {"eng": (" ".join(GERMAN), 0.9), "deu": (" ".join(GERMAN), 0.5)}
    choice, asked = chosen(readings, script="Latin", installed={"eng", "deu"})
    assert (choice.model, asked) == ("eng", ["eng", "deu"])


def test_a_wrong_script_is_corrected_by_english() -> None:
    readings = {"rus": ("Тпе соипсй типуНез еуегуЬоду", 0.4), "eng": (" ".join(ENGLISH), 0.95)}
    choice, _ = chosen(readings, script="Cyrillic", installed={"eng", "rus"})
    assert choice.model == "eng"


def test_a_missing_language_is_read_by_the_nearest_with_a_warning() -> None:
    choice, _ = chosen({"eng": (" ".join(GERMAN), 0.9)}, script="Latin", installed={"eng"})
    assert choice.model == "eng"
    assert "German" in choice.warning
    assert "tesseract-ocr-deu" in choice.warning


def test_a_missing_script_is_read_in_english_with_a_warning() -> None:
    choice, _ = chosen({"eng": ("aAuaINSSUAIS", 0.3)}, script="Thai", installed={"eng"})
    assert "tesseract-ocr-tha" in choice.warning


def test_layouts_of_words_weigh_more_than_a_mean_confidence() -> None:
    empty = RecognizedPage("", 0.0, PageLayout(10, 10, ()))
    assert certainty(empty) == 0
    assert np.isclose(certainty(RecognizedPage("text", 0.7, None)), 0.7)
