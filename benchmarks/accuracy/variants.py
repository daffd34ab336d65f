"""One document read in one way: by the command line, or by the engine in this process."""

from __future__ import annotations

import resource
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2

from benchmarks.accuracy.corpus import Document
from benchmarks.accuracy.metrics import character_error_rate, word_recall
from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration.install import install
from predictor.engines.base import Engine, EngineSettings
from predictor.engines.tesserocr_engine import create
from predictor.tessdata import ModelDirectory
from transformer.decoding.image_file import ImageDocument
from transformer.decoding.page import Page
from transformer.decoding.sniff import detect_file_type
from transformer.preprocess.prepare import STEPS, PreprocessedPage, prepare

PIXELS = 200_000_000


@dataclass(frozen=True, slots=True)
class Way:
    """A column of the table: how pages are read."""

    title: str
    auto: bool = True
    without: frozenset[str] = frozenset()
    command: bool = False
    options: tuple[tuple[str, str], ...] | None = None
    """Options of a request to the service, None for ways that do without it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one way made of one document; the CPU seconds are those of preparing and of reading it."""

    document: Document
    way: Way
    cer: float
    recall: float
    preparing: float
    reading: float
    steps: tuple[str, ...]


COMMAND = Way("`tesseract`", command=True)
NONE = Way("none", auto=False)
AUTO = Way("auto")
ENGINE_ORDER = Way("service, `order=engine`", options=(("order", "engine"),))
SERVICE = Way("service", options=())
RAPID_OCR = Way("RapidOCR")


def ways(*, steps: bool) -> list[Way]:
    """The ways that need no server, with each step of the preparation left out in turn if ``steps``."""
    left_out = [Way(f"without {step}", without=frozenset({step})) for step in STEPS]
    return [COMMAND, NONE, AUTO, *(left_out if steps else [])]


def measure(document: Document, way: Way) -> Result:
    """Read one document in one way, with one thread."""
    cv2.setNumThreads(1)
    if way.command:
        began = _seconds_of_children()
        text = _by_command(document)
        return result_of(document, way, text=text, reading=_seconds_of_children() - began)
    page = decode(document.path)
    began = time.process_time()
    ready = prepare(page.pixels, dpi=page.dpi, auto=way.auto, without=way.without)
    prepared = time.process_time()
    text, _ = read(ready, document.lang, layout=False)
    reading = time.process_time() - prepared
    return result_of(document, way, text=text, reading=reading, preparing=prepared - began, steps=ready.steps)


def result_of(
    document: Document,
    way: Way,
    *,
    text: str,
    reading: float,
    preparing: float = 0.0,
    steps: tuple[str, ...] = (),
) -> Result:
    """What a way made of a document, compared with the transcription."""
    return Result(
        document=document,
        way=way,
        cer=character_error_rate(text, document.truth),
        recall=word_recall(text, document.truth),
        preparing=preparing,
        reading=reading,
        steps=steps,
    )


def decode(path: Path) -> Page:
    """The first page of an image file, as the transformer decodes it."""
    with path.open("rb") as file:
        document = ImageDocument(file, detect_file_type(path.read_bytes()), page_pixels=PIXELS)
        try:
            return document.decode(1, page_pixels=PIXELS)
        finally:
            document.close()


def read(ready: PreprocessedPage, lang: str, *, layout: bool) -> tuple[str, PageLayout | None]:
    """Text and, if asked for, layout of a prepared page, as the predictor's engine gives them."""
    reading = _engine().recognize(ready.pixels, RecognitionOptions(lang=lang, dpi=ready.dpi), layout=layout)
    return reading.text, reading.layout


@cache
def _engine() -> Engine:
    models = str(ModelDirectory.find("").path)
    install()
    return create(EngineSettings("tesserocr", models, language_cache_size=4, max_pixels=PIXELS))


def _by_command(document: Document) -> str:
    done = subprocess.run(
        ["tesseract", str(document.path), "stdout", "-l", document.lang], capture_output=True, check=True
    )
    return done.stdout.decode(errors="replace")


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
