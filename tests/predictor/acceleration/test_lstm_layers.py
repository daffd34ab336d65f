from __future__ import annotations

import multiprocessing
import signal

import numpy as np
import pytest

from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.acceleration.install import install
from predictor.engines import tesserocr_engine
from tests.predictor.acceleration.test_install import HAS_AVX2
from tests.predictor.engines.test_tesserocr_engine import SETTINGS


def recognize_an_endless_line() -> None:
    install()
    page = np.full((2, 20_000), 255, np.uint8)
    page[0] = 0
    tesserocr_engine.create(SETTINGS).recognize(page, RecognitionOptions(psm=13), layout=False)


@pytest.mark.skipif(not HAS_AVX2, reason="the processor has no AVX2, so nothing is installed")
def test_a_line_beyond_tesseracts_arrays_ends_the_process_before_it_writes(capfd: pytest.CaptureFixture[str]) -> None:
    process = multiprocessing.get_context("spawn").Process(target=recognize_an_endless_line)
    process.start()
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGABRT
    assert "the line of text is too long for Tesseract's arrays" in capfd.readouterr().err
