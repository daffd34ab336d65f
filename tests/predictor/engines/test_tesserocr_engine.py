from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration.install import install
from predictor.engines import pytesseract_engine, tesserocr_engine, worker
from predictor.engines.base import Engine, EngineSettings, Page
from predictor.engines.worker import RecognitionJob
from predictor.tessdata import ModelDirectory

SETTINGS = EngineSettings("tesserocr", str(ModelDirectory.find("").path), 2, 100_000_000)
MODULES = {"tesserocr": tesserocr_engine, "pytesseract": pytesseract_engine}
FIRST = ["The river rose in the night", "and carried the bridge away."]
SECOND = ["No one had crossed it", "since the autumn fair."]


def draw(
    paragraphs: list[list[str]], *, size: int = 32, width: int = 800
) -> tuple[Page, list[tuple[int, int, int, int]]]:
    """A page of text, and the box of the ink of each line."""
    font = ImageFont.load_default(size=size)
    image = Image.new("L", (width, 60 + sum(len(lines) * size * 3 // 2 + size for lines in paragraphs)), 255)
    pen = ImageDraw.Draw(image)
    boxes = []
    y = 40
    for lines in paragraphs:
        for text in lines:
            pen.text((60, y), text, font=font, fill=0)
            boxes.append(tuple(map(int, pen.textbbox((60, y), text, font=font))))
            y += size * 3 // 2
        y += size
    return np.asarray(image).copy(), boxes  # type: ignore[return-value]


@pytest.fixture(scope="module", autouse=True)
def accelerated() -> None:
    """As workers are, unless the machine cannot."""
    install()


@pytest.fixture(scope="module", params=["tesserocr", "pytesseract"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = MODULES[request.param].create(SETTINGS)
    return found


def test_light_text_is_tried_inverted_unless_text_is_known_to_be_dark(engine: Engine) -> None:
    page, _ = draw([FIRST])
    light, options = np.asarray(255 - page), RecognitionOptions(psm=6)

    for known, expected in ((False, FIRST), (True, []), (False, FIRST)):
        reading = engine.recognize(light, replace(options, dark_ink=known), layout=False)
        found = [line for line in reading.text.split("\n") if line in FIRST]
        assert found == expected


def test_dark_text_is_read_as_before_where_it_is_known_to_be_dark(engine: Engine) -> None:
    page, _ = draw([FIRST, SECOND])
    readings = [
        engine.recognize(page, RecognitionOptions(psm=6, dark_ink=known), layout=True) for known in (False, True)
    ]

    assert readings[0] == readings[1]


def test_reads_text_and_confidence(engine: Engine) -> None:
    page, _ = draw([FIRST, SECOND])
    reading = engine.recognize(page, RecognitionOptions(psm=6), layout=False)
    assert [line for line in reading.text.split("\n") if line] == FIRST + SECOND
    assert 0.8 < reading.confidence <= 1
    assert reading.layout is None


def test_the_layout_is_that_of_the_text(engine: Engine) -> None:
    page, boxes = draw([FIRST, SECOND])
    plain = engine.recognize(page, RecognitionOptions(), layout=False)
    reading = engine.recognize(page, RecognitionOptions(), layout=True)
    layout = reading.layout
    assert layout is not None
    assert reading.text == plain.text
    assert reading.confidence == pytest.approx(plain.confidence)
    assert (layout.width, layout.height) == (page.shape[1], page.shape[0])
    lines = list(layout.iter_lines())
    assert [" ".join(word.text for word in line.words) for line in lines] == FIRST + SECOND
    for line, drawn in zip(lines, boxes, strict=True):
        assert line.bbox == pytest.approx(drawn, abs=4)
        x0, left, x1, right = line.baseline
        assert x0 < x1
        assert drawn[1] < left < drawn[3] + 2
        assert left == pytest.approx(right, abs=2)
        assert 20 < line.height < 60
        for before, after in pairwise(line.words):
            assert before.bbox[2] <= after.bbox[0]


@pytest.mark.parametrize("psm", [0, 3])
def test_a_blank_page_is_no_error(engine: Engine, psm: int) -> None:
    reading = engine.recognize(np.full((500, 400), 255, np.uint8), RecognitionOptions(psm=psm), layout=True)
    assert (reading.text.strip(), reading.confidence) == ("", 0)
    assert reading.layout == PageLayout(400, 500, ())


@pytest.mark.parametrize("shape", [(1, 1), (2, 500), (500, 2), (60, 60)])
@pytest.mark.parametrize("psm", [0, 1, 3, 6, 11, 12])
def test_a_tiny_page_is_no_error(shape: tuple[int, int], psm: int) -> None:
    reading = tesserocr_engine.create(SETTINGS).recognize(
        np.full(shape, 255, np.uint8), RecognitionOptions(psm=psm), layout=True
    )
    assert (reading.text.strip(), reading.confidence) == ("", 0)


def test_reports_orientation_and_script(engine: Engine) -> None:
    page, _ = draw([(FIRST + SECOND) * 4, (SECOND + FIRST) * 4])
    turned = np.ascontiguousarray(np.rot90(page, 2))
    report = engine.recognize(turned, RecognitionOptions(psm=0), layout=False).text
    fields = dict(line.split(": ") for line in report.splitlines())
    assert fields["Orientation in degrees"] == fields["Rotate"] == "180"
    assert fields["Script"] == "Latin"
    assert list(fields) == [
        "Page number",
        "Orientation in degrees",
        "Rotate",
        "Orientation confidence",
        "Script",
        "Script confidence",
    ]


@pytest.mark.parametrize("oem", [0, 2])
def test_models_without_the_legacy_engine_say_so(engine: Engine, oem: int) -> None:
    page, _ = draw([FIRST])
    with pytest.raises(InvalidParameterError, match="use oem 1"):
        engine.recognize(page, RecognitionOptions(oem=oem), layout=False)
    assert engine.recognize(page, RecognitionOptions(oem=3), layout=False).text.split("\n")[:2] == FIRST


def test_reads_languages_and_combinations(engine: Engine) -> None:
    page, _ = draw([["Größe und Übermut", "über der Straße"]])
    for lang in ("deu", "eng+deu"):
        assert "Straße" in engine.recognize(page, RecognitionOptions(lang=lang), layout=False).text


def test_keeps_a_bounded_number_of_languages() -> None:
    engine = tesserocr_engine.TesserocrEngine(SETTINGS)
    page, _ = draw([FIRST])
    for lang in ("eng", "deu", "eng", "deu+eng", "eng+deu", "eng"):
        assert engine.recognize(page, RecognitionOptions(lang=lang), layout=False).text
    assert [key[:2] for key in engine._loaded] == [("eng+deu", 1), ("eng", 1)]


def test_a_page_reads_the_same_whatever_was_read_before() -> None:
    lines = [FIRST, SECOND, ["Größe, 1848 und 1914"], ["x" * 30, "lll 111 III"]]
    jobs: list[tuple[Page, RecognitionOptions]] = [
        (draw([lines[0]])[0], RecognitionOptions()),
        (draw([lines[1], lines[2]], size=20)[0], RecognitionOptions(lang="deu", psm=6)),
        (draw([lines[3]], size=14)[0], RecognitionOptions(dpi=300)),
        (draw([lines[3]], size=14)[0], RecognitionOptions()),
        (np.ascontiguousarray(np.rot90(draw([lines[0] * 4])[0])), RecognitionOptions(psm=1)),
        (draw([lines[0] * 4])[0], RecognitionOptions(psm=0)),
        (np.random.default_rng(3).integers(0, 255, (200, 300), np.uint8), RecognitionOptions(psm=11)),
    ]
    alone = [tesserocr_engine.TesserocrEngine(SETTINGS).recognize(*job, layout=True) for job in jobs]
    engine = tesserocr_engine.TesserocrEngine(SETTINGS)
    order = list(range(len(jobs))) * 2
    random.Random(7).shuffle(order)
    for number in order:
        assert engine.recognize(*jobs[number], layout=True) == alone[number]


def test_a_worker_is_warm_when_it_has_started() -> None:
    read = worker.start(SETTINGS, RecognitionOptions())
    page, _ = draw([FIRST])
    reading: Any = read(RecognitionJob(page, RecognitionOptions(), layout=False))
    assert reading.text.split("\n")[:2] == FIRST


def test_both_engines_read_alike() -> None:
    page, _ = draw([FIRST, SECOND, ["A third paragraph, short."]])
    first, second = (
        module.create(SETTINGS).recognize(page, RecognitionOptions(), layout=True) for module in MODULES.values()
    )
    assert first.text == second.text
    assert first.confidence == pytest.approx(second.confidence, abs=0.02)
    assert first.layout is not None
    assert second.layout is not None
    for left, right in zip(first.layout.iter_lines(), second.layout.iter_lines(), strict=True):
        assert left.bbox == right.bbox
        assert [word.bbox for word in left.words] == [word.bbox for word in right.words]
        assert left.baseline == pytest.approx(right.baseline, abs=1)
        assert left.height == pytest.approx(right.height, abs=0.1)
