"""What the formats share: escaping, language tags, page numbers, number formatting and the direction of a line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from kserve_ocr.protocol.layout import Line, PageLayout

SOFTWARE = "Tesseract (kserve-ocr)"

# Everything but the Char production of XML 1.0; no escape makes these characters legal.
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_SPECIAL = re.compile("""[&<>"']""")


def escape(text: str) -> str:
    """``text`` for XML content and attributes; characters that XML cannot hold become U+FFFD."""
    if _ILLEGAL.search(text):
        text = _ILLEGAL.sub("\ufffd", text)
    return _SPECIAL.sub(lambda match: _ENTITIES[match[0]], text) if _SPECIAL.search(text) else text


def language_tag(model: str) -> str:
    """The language tag of a Tesseract model (``eng`` → ``eng``, ``chi_sim`` → ``chi-sim``), ``und`` if it has none."""
    tag = model.replace("_", "-")
    return tag if _TAG.match(tag) else "und"


def number(value: float, digits: int) -> str:
    """``value`` with at most ``digits`` decimals, without trailing zeros and without a negative zero."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return "0" if text == "-0" else text


def text_angle(line: Line) -> float:
    """Degrees, 0 to 360 counter-clockwise, by which the line's reading direction is turned from left-to-right."""
    x0, y0, x1, y1 = line.baseline
    return -math.degrees(math.atan2(y1 - y0, x1 - x0)) % 360


def numbered(pages: Sequence[PageLayout], numbers: Sequence[int] | None) -> Iterator[tuple[int, PageLayout]]:
    """The pages with their 1-based numbers in the document: ``numbers``, or 1, 2, … when None.

    Raises ValueError when the two differ in length.
    """
    return zip(range(1, len(pages) + 1) if numbers is None else numbers, pages, strict=True)
