"""What workers of the predictor are started with; importing this imports no engine."""

from __future__ import annotations

from typing import Final, Literal

from kserve_ocr.workers.forking.launch import WorkerProgram

EngineName = Literal["tesserocr", "pytesseract"]

MODULES: Final[dict[EngineName, str]] = {
    "tesserocr": "predictor.engines.tesserocr_engine",
    "pytesseract": "predictor.engines.pytesseract_engine",
}
_ONE_THREAD: Final = {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Tesseract's OpenMP threads would compete for the CPUs that the workers already use."""


def worker_program(engine: EngineName) -> WorkerProgram:
    """Modules and variables of the workers of an engine."""
    return WorkerProgram(("numpy", MODULES[engine]), _ONE_THREAD)
