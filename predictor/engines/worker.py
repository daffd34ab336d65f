"""What runs in a worker process: an engine that recognizes one page per job."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
from msgspec import Struct

from kserve_ocr.protocol.layout import PageLayout, RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor import image_file
from predictor.acceleration.state import UNMODIFIED, Acceleration
from predictor.engines.base import Engine, EngineSettings, Page
from predictor.engines.line_image import check_proportion, is_blank
from predictor.engines.program import MODULES

_DISABLED = Acceleration(UNMODIFIED, "disabled")


class RecognitionJob(Struct, frozen=True):
    """One page, uint8 gray of shape (height, width), C-contiguous, and how to recognize it.

    With ``encoded``, ``page`` holds the bytes of an image file, shape (size,), which the worker decodes: a worker can
    be killed, the server cannot.
    """

    page: Page
    options: RecognitionOptions
    layout: bool
    encoded: bool = False


def start(settings: EngineSettings, default: RecognitionOptions) -> Callable[[RecognitionJob], RecognitionResult]:
    """A worker's handler, with the models of ``default`` loaded and the acceleration installed if it is enabled."""
    engine: Engine = import_module(MODULES[settings.engine]).create(settings)
    engine.recognize(np.full((64, 256), 255, np.uint8), default, layout=False)
    acceleration = engine.accelerate(default) if settings.accelerate else _DISABLED
    return Handler(engine, acceleration, max_pixels=settings.max_pixels)


class Handler:
    """Runs jobs. ``description`` is the state of the acceleration as ``simd:reason``."""

    def __init__(self, engine: Engine, acceleration: Acceleration, *, max_pixels: int) -> None:
        self.description = f"{acceleration.simd}:{acceleration.reason}"
        self._engine = engine
        self._max_pixels = max_pixels

    def __call__(self, job: RecognitionJob) -> RecognitionResult:
        """Recognize a page. Raises InvalidParameterError for a line image of impossible proportions."""
        page = image_file.decode(job.page.data, max_pixels=self._max_pixels) if job.encoded else job.page
        check_proportion(page, job.options)
        if is_blank(page, job.options):
            height, width = page.shape
            return RecognitionResult("", 0.0, PageLayout(width, height, ()) if job.layout else None)
        return self._engine.recognize(page, job.options, layout=job.layout)
