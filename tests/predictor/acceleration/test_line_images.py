from __future__ import annotations

import ctypes
import multiprocessing
from typing import Any

import tesserocr
from PIL import Image

from predictor.acceleration import line_images, plt_hook
from tests.predictor.engines.test_tesserocr_engine import FIRST, SECOND, SETTINGS, draw


def address(name: str) -> int | None:
    return ctypes.cast(getattr(plt_hook.loaded, name), ctypes.c_void_p).value


def slots() -> list[int | None]:
    return [slot.value for slot in plt_hook.slots(plt_hook.tesseract(), "pixWriteMem")]


def read_before_and_after(answers: Any) -> None:
    """In a process of its own, as nothing leads back."""
    pages = [draw([FIRST, SECOND])[0], draw([["Größe, 1848"], ["lll 111 III"]], size=17)[0]]
    api = tesserocr.PyTessBaseAPI(path=SETTINGS.tessdata, lang="eng", variables={"debug_file": "/dev/null"})

    def read(psm: int, mode: str) -> str:
        found = []
        for page in pages:
            api.SetPageSegMode(psm)
            api.SetImage(Image.fromarray(page).convert(mode))
            api.Recognize()
            found.append(api.GetHOCRText(0))
            api.Clear()
        return "".join(found)

    kinds = [(psm, mode) for psm in (3, 6, 11) for mode in ("L", "RGB", "1")]
    before, entries = [read(*kind) for kind in kinds], slots()
    led = line_images.keep_raw()
    answers.put((led, entries, slots(), before, [read(*kind) for kind in kinds]))


def test_lines_stay_raw_and_read_the_same() -> None:
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    process = spawn.Process(target=read_before_and_after, args=(answers,))
    process.start()
    led, entries, led_to, before, after = answers.get(timeout=60)
    process.join(timeout=10)
    assert process.exitcode == 0
    assert led
    assert len(entries) == len(led_to) == 1
    assert entries != led_to
    assert before == after
    assert all("ocrx_word" in page for page in before)


def test_the_entry_leads_to_the_raw_writer() -> None:
    assert line_images.keep_raw()
    assert line_images.keep_raw()  # each new worker asks again
    assert slots() == [address("pixWriteMemSpix")]
