"""What an engine is: it recognizes the text of one page, in a worker process."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration.state import Acceleration
from predictor.engines.program import EngineName

Page = NDArray[np.uint8]


class Engine(Protocol):
    """Recognizes pages one after the other; no result depends on the pages before."""

    def recognize(self, page: Page, options: RecognitionOptions, *, layout: bool) -> RecognitionResult:
        """Recognize a page, uint8 gray of shape (height, width).

        Raises InvalidParameterError for a mode that the models do not support.
        """

    def accelerate(self, options: RecognitionOptions) -> Acceleration:
        """Install the acceleration in this process if it passes its self-test with the models of ``options``."""


class EngineSettings(Struct, frozen=True):
    """How a worker's engine is set up."""

    engine: EngineName
    tessdata: str
    """Directory of the models."""
    language_cache_size: int
    """Combinations of languages and engine mode whose models stay loaded."""
    max_pixels: int
    """Limit for image files that a worker decodes."""
    accelerate: bool = True
