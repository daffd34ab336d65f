"""Pages of many scripts and forms at all four turns, through both services."""

from __future__ import annotations

import json
import random
from difflib import SequenceMatcher

import numpy as np
import pytest
from PIL import Image

from tests.support.drawn_pages import draw_line, draw_page, encode
from tests.support.http_calls import outputs_of, text_of, upload, words_of
from tests.support.scripts import SAMPLES, draw_sample
from tools.local_stack import Service

ROTATIONS = (0, 90, 180, 270)


def similarity(text: str, expected: str) -> float:
    return SequenceMatcher(None, "".join(text.split()), "".join(expected.split()), autojunk=False).ratio()


def digits(rows: int = 12) -> str:
    draw = random.Random(4)
    return "\n".join("  ".join(f"{draw.uniform(0, 100):6.2f}" for _ in range(6)) for _ in range(rows))


@pytest.mark.parametrize("rotation", ROTATIONS)
@pytest.mark.parametrize(
    "lang",
    [
        *("pol", "ukr"),
        *(pytest.param(lang, marks=pytest.mark.long) for lang in ("srp", "jpn")),
        # Drawn in other layouts by test_turned_pages.py too.
        *(pytest.param(lang, marks=pytest.mark.long) for lang in ("eng", "rus", "ell", "heb", "ara", "hin", "tha")),
    ],
)
def test_pages_of_every_script_are_read_at_every_turn(service: Service, lang: str, rotation: int) -> None:
    page = draw_sample(lang, size=34, repeat=4).rotate(rotation, expand=True)
    text = text_of(upload(service.transformer, encode(page), lang=lang))
    assert similarity(text, "\n".join(SAMPLES[lang].lines * 4)) > 0.8


@pytest.mark.parametrize("rotation", [0, 180])
@pytest.mark.parametrize("words", ["FRAGILE", "Handle with care", "SN 4471-0098-2231", "Kitchen"])
def test_labels_are_read_both_ways(service: Service, words: str, rotation: int) -> None:
    label = draw_line(words, size=40).rotate(rotation)
    assert similarity(text_of(upload(service.transformer, encode(label))), words) == 1


@pytest.mark.parametrize("rotation", [0, 180])
def test_tables_of_digits_are_read_both_ways(service: Service, rotation: int) -> None:
    table = digits()
    page = draw_page(tuple(table.splitlines()), size=28, width=1200).rotate(rotation)
    assert similarity(text_of(upload(service.transformer, encode(page), order="rows")), table) > 0.95


@pytest.mark.parametrize(
    "rotation", [0, 90, *(pytest.param(rotation, marks=pytest.mark.long) for rotation in (180, 270))]
)
def test_the_orientation_report_is_that_of_the_page_as_sent(service: Service, rotation: int) -> None:
    page = draw_sample("eng", size=36, repeat=6).rotate(rotation, expand=True)
    report = text_of(upload(service.transformer, encode(page), psm="0"))
    assert f"Rotate: {rotation}\n" in report


def test_boxes_of_a_rotated_label_are_those_of_the_page_as_sent(service: Service) -> None:
    label = draw_line("Storage room", size=40).rotate(180)
    (page,) = json.loads(outputs_of(upload(service.transformer, encode(label), outputs="words"))["words"][0])["pages"]
    words = words_of(page)
    assert [word["text"] for word in words] == ["Storage", "room"]
    first, second = (word["bbox"] for word in words)
    assert first[0] > second[2]
    x0, y0, x1, y1 = first
    assert (np.asarray(label)[y0:y1, x0:x1] < 128).any(axis=0).mean() > 0.6


def test_a_page_that_reads_well_is_recognized_once(service: Service) -> None:
    page = Image.new("L", (900, 300), 255)
    page.paste(draw_line("Minutes of the annual meeting"), (40, 60))
    assert text_of(upload(service.transformer, encode(page))).strip() == "Minutes of the annual meeting"


@pytest.mark.parametrize("psm", ["3", "6", "7", "8"])
def test_nothing_is_read_in_an_empty_cell(service: Service, psm: str) -> None:
    cell = Image.new("L", (400, 120), 255)
    assert text_of(upload(service.transformer, encode(cell), psm=psm)).strip() == ""
