"""Resolve uncertain orientation with Tesseract's OSD."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from kserve_ocr.protocol.parameters import RecognitionOptions
from transformer.geometry import Geometry
from transformer.pipeline.decode_job import DocumentPage

DETECTION: Final = RecognitionOptions(lang="osd", psm=0)
"""Options that detect a page's orientation instead of its text."""

STEP: Final = "orient"
_LEAST_CONFIDENCE: Final = 1.0
"""Minimum orientation confidence; correct detections are above it, those on Chinese and Hindi pages just so."""
_REPORT: Final = re.compile(r"^Rotate: (\d+)\nOrientation confidence: ([\d.]+)$", re.MULTILINE)

_SCRIPT: Final = re.compile(r"^Script: (\w+)$", re.MULTILINE)


def quarter_turns(report: str) -> int:
    """Counterclockwise quarter turns that make a page upright, from the report of ``psm`` 0; 0 if uncertain."""
    found = _REPORT.search(report)
    if found is None or float(found[2]) < _LEAST_CONFIDENCE:
        return 0
    return -int(found[1]) // 90 % 4


def script(report: str) -> str:
    """The script that a report of ``psm`` 0 names; empty if it has none."""
    found = _SCRIPT.search(report)
    return found[1] if found else ""


def turned(page: DocumentPage, turns: int) -> DocumentPage:
    """The page and its geometry, rotated counterclockwise by that number of quarter turns."""
    height, width = page.pixels.shape
    rotation = Geometry.quarter_turned((width, height), turns)
    return replace(
        page,
        pixels=np.ascontiguousarray(np.rot90(page.pixels, turns)),
        geometry=page.geometry.then(rotation),
        letters=_rotated(page.letters, rotation),
        numbers=_rotated(page.numbers.reshape(-1, 4), rotation).reshape(-1, 8),
        steps=(*page.steps, STEP),
        separators=page.separators.quarter_turned(turns, width=width, height=height),
    )


def _rotated(boxes: NDArray[np.float64], rotation: Geometry) -> NDArray[np.float64]:
    """Boxes ``(n, 4)`` after a rotation by quarter turns."""
    corners = rotation.forward(boxes.reshape(-1, 2)).reshape(-1, 2, 2)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
