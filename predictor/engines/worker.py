"""What runs in a worker process: an engine that recognizes one page per job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor import image_file
from predictor.engines.base import MODULES, Engine, EngineSettings, Page, Reading


@dataclass(frozen=True)
class PageJob:
    """One page, uint8 grey of shape (height, width), C-contiguous, and how to read it.

    ``encoded`` says that ``page`` holds the bytes of an image file, shape (size,), which a worker decodes: it can be
    killed, the server cannot.
    """

    page: Page
    options: RecognitionOptions
    layout: bool
    encoded: bool = False


def start(settings: EngineSettings, warm: RecognitionOptions) -> Callable[[PageJob], Reading]:
    """A worker's handler, with ``warm``'s models loaded."""
    engine: Engine = import_module(MODULES[settings.engine]).create(settings)
    engine.read(np.full((64, 256), 255, np.uint8), warm, layout=False)

    return Handler(engine, max_pixels=settings.max_pixels)


class Handler:
    """What a worker does with a job; ``description`` says what its neural network is reckoned with."""

    def __init__(self, engine: Engine, *, max_pixels: int) -> None:
        self.description = engine.arithmetic
        self._engine = engine
        self._max_pixels = max_pixels

    def __call__(self, job: PageJob) -> Reading:
        """Read a page."""
        page = image_file.decode(job.page.data, max_pixels=self._max_pixels) if job.encoded else job.page
        return self._engine.read(page, job.options, layout=job.layout)
