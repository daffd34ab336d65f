"""What other programs find in a PDF: text by poppler, PDFium, pdfminer and pypdf, pictures by PDFium."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from html import unescape
from types import MappingProxyType

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from pdfminer.high_level import extract_text as pdfminer_text
from pypdf import PdfReader

Boxes = list[tuple[str, tuple[float, float, float, float]]]


def poppler(data: bytes, *options: str) -> str:
    """The text by ``pdftotext``."""
    command = shutil.which("pdftotext")
    assert command, "install poppler-utils"
    return subprocess.run([command, *options, "-", "-"], input=data, capture_output=True, check=True).stdout.decode()


def pdfium(data: bytes) -> str:
    """The text of all pages by PDFium."""
    document = pypdfium2.PdfDocument(data)
    try:
        return "\f".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def pypdf(data: bytes) -> str:
    """The text of all pages by pypdf."""
    return "\f".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def pdfminer(data: bytes) -> str:
    """The text by pdfminer."""
    return str(pdfminer_text(io.BytesIO(data)))


EXTRACTORS: Mapping[str, Callable[[bytes], str]] = MappingProxyType(
    {"poppler": poppler, "pdfium": pdfium, "pypdf": pypdf, "pdfminer": pdfminer}
)


def word_boxes(data: bytes) -> Boxes:
    """Words and their boxes in points of the page as shown, y downwards, by poppler."""
    pattern = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
    return [
        (unescape(text), (float(x0), float(y0), float(x1), float(y1)))
        for x0, y0, x1, y1, text in re.findall(pattern, poppler(data, "-bbox", "-cropbox"))
    ]


def render(data: bytes, page: int = 0, *, dpi: float = 72, password: str | None = None) -> NDArray[np.uint8]:
    """RGB pixels of a page by PDFium."""
    document = pypdfium2.PdfDocument(data, password=password)
    try:
        document.init_forms()
        return np.asarray(document[page].render(scale=dpi / 72).to_pil().convert("RGB"), np.uint8)
    finally:
        document.close()
