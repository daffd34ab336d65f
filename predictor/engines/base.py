"""What an engine is: it recognizes the text of one page, in a worker process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import PageLayout
from kserve_ocr.protocol.parameters import RecognitionOptions

EngineName = Literal["tesserocr", "pytesseract"]
Page = NDArray[np.uint8]

MODULES: dict[EngineName, str] = {
    "tesserocr": "predictor.engines.tesserocr_engine",
    "pytesseract": "predictor.engines.pytesseract_engine",
}


@dataclass(frozen=True)
class Reading:
    """What was read on a page: Tesseract's own text, the mean word confidence, the layout if it was asked for.

    Confidence is from 0 to 1, 0 with no words.
    """

    text: str
    confidence: float
    layout: PageLayout | None


class Engine(Protocol):
    """Reads pages one after the other; no page leaves a trace in the next."""

    @property
    def arithmetic(self) -> str:
        """What the neural network is reckoned with: as :func:`predictor.acceleration.install.install` says."""

    def read(self, page: Page, options: RecognitionOptions, *, layout: bool) -> Reading:
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
