"""Skewed pages made straight: their content is shown turned about the middle of the page, and not changed itself."""

from __future__ import annotations

import math
from typing import Any, Final

import pikepdf
from pikepdf import Object

from transformer.formats.common import number
from transformer.formats.pdf.text_layer.page_geometry import Box

LEAST_DEGREES: Final = 0.1
"""Less skew is not seen."""


def around_content(page: Object, box: Box, degrees: float) -> tuple[bytes, bytes] | None:
    """Operators to put before and after the content of a page, which turn it clockwise about the middle of ``box``.

    They hold even if the content saves and restores the graphics state out of balance. None for damaged content.
    """
    try:
        instructions: Any = pikepdf.parse_content_stream(page) if "/Contents" in page else []
        names = [str(instruction.operator) for instruction in instructions]
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError):
        return None
    depth = lowest = 0
    for name in names:
        depth += (name == "q") - (name == "Q")
        lowest = min(lowest, depth)
    # What the content restores too often ends at the states saved here, all of which are turned.
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    matrix = (cos, -sin, sin, cos, x - x * cos - y * sin, y + x * sin - y * cos)
    before = f"q {' '.join(number(value, 6) for value in matrix)} cm" + " q" * -lowest
    return before.encode(), b"Q " * (1 + depth - lowest)
