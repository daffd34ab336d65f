"""One document read in one way: by the command line, by the engine in this process, or by a running service."""

from __future__ import annotations

import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2

from benchmarks.accuracy.corpus import Document
from benchmarks.accuracy.metrics import character_error_rate, word_recall
from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.engines.base import Engine, EngineSettings
from predictor.engines.tesserocr_engine import create
from predictor.tessdata import ModelDirectory
from transformer.decoding.image_file import ImageDocument
from transformer.decoding.page import Page
from transformer.decoding.sniff import detect_file_type
from transformer.preprocess.prepare import STEPS, PreprocessedPage, prepare

PIXELS = 200_000_000
SECONDS = 300


@dataclass(frozen=True, slots=True)
class Way:
    """A column of the table: how pages are read."""

    title: str
    auto: bool = True
    without: frozenset[str] = frozenset()
    command: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one way made of one document; seconds are those of preparing and of reading it."""

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


def ways(url: str) -> list[Way]:
    """All columns, the running service's among them when there is a ``url``."""
    left_out = [Way(f"without {step}", without=frozenset({step})) for step in STEPS]
    service = [Way("service", url=url)] if url else []
    return [COMMAND, NONE, AUTO, *service, *left_out]


def measure(document: Document, way: Way) -> Result:
    """Read one document in one way, with one thread."""
    cv2.setNumThreads(1)
    if way.command or way.url:
        began = time.perf_counter()
        text = _by_command(document) if way.command else _by_service(document, way.url)
        return _result(document, way, text=text, reading=time.perf_counter() - began)
    page = decode(document.path)
    began = time.process_time()
    ready = prepare(page.pixels, dpi=page.dpi, auto=way.auto, without=way.without)
    prepared = time.process_time()
    text, _ = read(ready, document.lang, layout=False)
    reading = time.process_time() - prepared
    return _result(document, way, text=text, reading=reading, preparing=prepared - began, steps=ready.steps)


def _result(
    document: Document,
    way: Way,
    *,
    text: str,
    reading: float,
    preparing: float = 0.0,
    steps: tuple[str, ...] = (),
) -> Result:
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
    reading = _engine().read(ready.pixels, RecognitionOptions(lang=lang, dpi=ready.dpi), layout=layout)
    return reading.text, reading.layout


@cache
def _engine() -> Engine:
    models = str(ModelDirectory.find("").path)
    return create(EngineSettings(engine="tesserocr", tessdata=models, languages=4, max_pixels=PIXELS))


def _by_command(document: Document) -> str:
    done = subprocess.run(
        ["tesseract", str(document.path), "stdout", "-l", document.lang], capture_output=True, check=True
    )
    return done.stdout.decode(errors="replace")


def _by_service(document: Document, url: str) -> str:
    query = urllib.parse.urlencode({"lang": document.lang})
    request = urllib.request.Request(
        f"{url.rstrip('/')}/gateway/ocr?{query}",
        data=document.path.read_bytes(),
        headers={"Content-Type": "application/octet-stream", "Accept": "text/plain"},
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        text: str = answer.read().decode()
    return text
