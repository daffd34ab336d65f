"""Engines: what reads the text of one page. They run in worker processes only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.protocol.parameters import ReadingOptions
from predictor import images

EngineName = Literal["tesserocr", "pytesseract"]
Page = NDArray[np.uint8]

ORIGINAL = "tesseract"
"""The neural network is reckoned with by Tesseract's own code."""

MODULES: dict[EngineName, str] = {
    "tesserocr": "predictor.engines.warm",
    "pytesseract": "predictor.engines.spawned",
}


@dataclass(frozen=True)
class Reading:
    """What was read on a page: Tesseract's own text, the mean word confidence, the layout if it was asked for.

    Confidence is from 0 to 1, 0 with no words.
    """

    text: str
    confidence: float
    layout: PageLayout | None


@dataclass(frozen=True)
class PageJob:
    """One page, uint8 grey of shape (height, width), C-contiguous, and how to read it.

    ``encoded`` says that ``page`` holds the bytes of an image file, shape (size,), which a worker decodes: it can be
    killed, the server cannot.
    """

    page: Page
    options: ReadingOptions
    layout: bool
    encoded: bool = False


class Engine(Protocol):
    """Reads pages one after the other; no page leaves a trace in the next."""

    @property
    def arithmetic(self) -> str:
        """What the neural network is reckoned with: as :func:`predictor.engines.acceleration.install` says."""

    def read(self, page: Page, options: ReadingOptions, *, layout: bool) -> Reading:
        """Read a page, uint8 grey of shape (height, width).

        Raises InvalidParameterError for a mode that the models do not allow.
        """


@dataclass(frozen=True)
class EngineSettings:
    """Which engine, the directory of its models, how many combinations of them stay loaded, and the largest page."""

    engine: EngineName
    tessdata: str
    languages: int
    max_pixels: int
    """Of an image file that is decoded here."""
    accelerate: bool = True
    """Put this project's code in place of Tesseract's slowest parts where it fits."""


def start(settings: EngineSettings, warm: ReadingOptions) -> Callable[[PageJob], Reading]:
    """A worker's handler, with ``warm``'s models loaded."""
    engine: Engine = import_module(MODULES[settings.engine]).create(settings)
    engine.read(np.full((64, 256), 255, np.uint8), warm, layout=False)

    return Handler(engine, max_pixels=settings.max_pixels)


class Handler:
    """What a worker does with a job; ``about`` says what its neural network is reckoned with."""

    def __init__(self, engine: Engine, *, max_pixels: int) -> None:
        self.about = engine.arithmetic
        self._engine = engine
        self._max_pixels = max_pixels

    def __call__(self, job: PageJob) -> Reading:
        """Read a page."""
        page = images.decode(job.page.data, max_pixels=self._max_pixels) if job.encoded else job.page
        return self._engine.read(page, job.options, layout=job.layout)
