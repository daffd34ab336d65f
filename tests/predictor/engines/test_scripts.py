"""Scripts other than Latin: every word of the layout is in logical order, as in the text."""

from __future__ import annotations

import numpy as np
import pytest

from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.engines import pytesseract_engine, tesserocr_engine
from predictor.engines.base import Engine, EngineSettings
from predictor.tessdata import ModelDirectory
from tests.support.scripts import SAMPLES, draw_sample

SETTINGS = EngineSettings("tesserocr", str(ModelDirectory.find("").path), 2, 100_000_000)
DIRECTION_MARKS = dict.fromkeys(map(ord, "\u200e\u200f"))
MIXED = {
    "heb": ("מספר החשבונית 2024 מיום 12 במרץ", "שם הקובץ הוא Report ונשלח אתמול"),
    "ara": ("رقم الفاتورة 2024 والمبلغ 1500 ريال", "اسم الملف Report وقد أرسل أمس"),
}


@pytest.fixture(scope="module", params=["tesserocr", "pytesseract"])
def engine(request: pytest.FixtureRequest) -> Engine:
    module = tesserocr_engine if request.param == "tesserocr" else pytesseract_engine
    created: Engine = module.create(SETTINGS)
    return created


def words_and_text(engine: Engine, lang: str, lines: tuple[str, ...] | None = None) -> tuple[list[str], str]:
    page = np.asarray(draw_sample(lang.removesuffix("+eng"), lines=lines, size=30, repeat=3))
    reading = engine.recognize(page, RecognitionOptions(lang=lang), layout=True)
    assert reading.layout is not None
    return [word.text for word in reading.layout.iter_words()], reading.text


@pytest.mark.parametrize("lang", ["heb", "ara", "hin", "tha", "jpn", "chi_sim", "rus", "ell", "kor"])
def test_words_have_the_letters_of_the_text_in_its_order(engine: Engine, lang: str) -> None:
    words, text = words_and_text(engine, lang)
    assert "".join(words) == "".join(text.split())
    drawn = set("".join(SAMPLES[lang].lines)) - {" "}
    assert len(drawn & set(text)) > 0.8 * len(drawn)


@pytest.mark.parametrize("lang", ["heb", "ara"])
def test_numbers_and_latin_words_keep_their_direction_in_a_line_from_right_to_left(engine: Engine, lang: str) -> None:
    words, text = words_and_text(engine, f"{lang}+eng", MIXED[lang])
    assert words == text.translate(DIRECTION_MARKS).split()
    assert {"2024", "Report"} <= set(words)
