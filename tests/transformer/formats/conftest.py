from __future__ import annotations

import pytest

from kserve_ocr.protocol.layout import Box, PageLayout
from tests.transformer.formats import drawn

DrawnPage = tuple[PageLayout, list[tuple[str, Box]]]


@pytest.fixture(scope="session")
def read_page() -> DrawnPage:
    """A drawn page as Tesseract read it, and the drawn words with their boxes."""
    page, words = drawn.draw()
    return drawn.read(page), words
