from __future__ import annotations

import ctypes
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tesserocr
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration import install, plt_hook
from predictor.engines import pytesseract_engine, tesserocr_engine
from predictor.engines.base import EngineSettings, Page
from tests.predictor.engines.test_tesserocr_engine import FIRST, SECOND, SETTINGS, draw

FLAGS = set(Path("/proc/cpuinfo").read_text().split())
BEST = "avx512vnni" if "avx512_vnni" in FLAGS else "avx2" if "avx2" in FLAGS else "tesseract"


def pages() -> Iterator[Page]:
    """Text of many sizes, lengths and shades; noise, strokes, and next to nothing."""
    text = 'Größe 1848: "It\'s 3,50 €" (No. 7) - Straße & Übermut; fjord qux! THE QUICK brown fox @ 100%?'
    for size in (9, 13, 18, 24, 37, 60):
        yield draw([[text[:length] for length in (1, 2, 5, 17, 40)], [text]], size=size, width=40 * size + 120)[0]
    yield draw([FIRST * 9, SECOND * 9, [text]])[0]
    random = np.random.default_rng(5)
    faint = draw([FIRST, SECOND])[0].astype(int) // 3 + 150
    yield np.clip(faint + random.normal(0, 14, faint.shape), 0, 255).astype(np.uint8)
    yield 255 - draw([FIRST, SECOND])[0]
    yield random.integers(0, 255, (120, 300), np.uint8)
    page = Image.new("L", (1500, 300), 255)
    pen = ImageDraw.Draw(page)
    for number in range(30):
        pen.line([(20 + 45 * number, 40 + number), (60 + 45 * number, 200 - number * 3)], fill=8 * number, width=3)
    pen.text((40, 220), "lll|||1I!", font=ImageFont.load_default(size=44), fill=90)
    yield np.asarray(page).copy()


def read_before_and_after(answers: Any, plain: bool) -> None:
    """In a process of its own, as nothing leads back."""
    apis = [
        tesserocr.PyTessBaseAPI(path=SETTINGS.tessdata, lang=lang, oem=1, variables={"debug_file": "/dev/null"})
        for lang in ("eng", "deu", "eng+deu")
    ]
    drawn = list(pages())

    def read() -> Iterator[str]:
        for api in apis:
            for psm in (3, 6, 7, 11):
                for page in drawn:
                    height, width = page.shape
                    api.SetPageSegMode(psm)
                    api.SetImageBytes(page.tobytes(), width, height, 1, width)
                    yield api.GetHOCRText(0)
                    api.Clear()

    before = list(read())
    installed = install.install(plain=plain)
    answers.put((installed, before, list(read())))


@pytest.mark.parametrize(("plain", "multiplier"), [(False, "auto"), (True, "auto"), (False, "sse"), (False, "generic")])
def test_reads_the_same_to_the_last_bit(plain: bool, multiplier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tesseract's own variable; each multiplier wants its weights in an order of its own.
    monkeypatch.setenv("DOTPRODUCT", multiplier)
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    process = spawn.Process(target=read_before_and_after, args=(answers, plain))
    process.start()
    installed, before, after = answers.get(timeout=240)
    process.join(timeout=10)
    assert process.exitcode == 0
    assert installed == (min(BEST, "avx2") if plain else BEST)
    assert before == after
    assert sum("ocrx_word" in page for page in before) > len(before) / 2


def test_workers_are_accelerated_unless_they_are_not_to_be() -> None:
    assert tesserocr_engine.create(SETTINGS).arithmetic == install.install() == BEST
    plain = EngineSettings("tesserocr", SETTINGS.tessdata, 1, 100_000_000, accelerate=False)
    assert tesserocr_engine.create(plain).arithmetic == "tesseract"
    assert pytesseract_engine.create(SETTINGS).arithmetic == "tesseract"


def test_another_release_is_left_as_it_is() -> None:
    replace = ctypes.CDLL(str(install.library())).install
    replace.restype, replace.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_bool)
    path = plt_hook.tesseract().name
    assert replace(path, b"5.5.3", False) is None
    assert replace(path, b"", False) is None
    assert replace(b"/no/such/library.so", install.RELEASE.encode(), False) is None
    assert replace(None, install.RELEASE.encode(), False) is None


def test_the_release_is_that_of_the_wheel() -> None:
    assert tesserocr.tesseract_version().split()[1] == install.RELEASE


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_tesseract_reads_alone_where_the_library_is_missing_or_broken(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "_native.so"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(install, "library", lambda: path)
    monkeypatch.setattr(install, "install", install.install.__wrapped__)
    engine = tesserocr_engine.create(SETTINGS)
    assert engine.arithmetic == "tesseract"
    assert engine.read(draw([FIRST])[0], RecognitionOptions(), layout=False).text.split("\n")[:2] == FIRST
