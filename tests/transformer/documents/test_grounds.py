"""Text of any color on any ground is read whole, and nothing is read where there is none, through both services.

The suite draws some; ``make grounds`` draws all colors, sizes and crops.
"""

from __future__ import annotations

import os
import re
from itertools import product

import pytest

from tests.support.drawn_grounds import LAYOUTS, PAIRS, SENTENCES, SIZES, blank
from tests.support.drawn_pages import encode
from tests.support.http_calls import outputs_of, upload
from tools.local_stack import Server, Service

EVERYTHING = os.environ.get("OCR_EVERY_GROUND") == "1"
GROUNDS = list(product(PAIRS, SIZES))
BLANKS = range(200)
SOME = 9
"""The suite draws every one of that many."""


@pytest.fixture
def server(service: Service) -> Server:
    return service.transformer


def letters(text: str) -> str:
    """Letters and digits alone: where small print has spaces is the engine's matter, on white paper too."""
    return "".join(re.findall(r"\w", text))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_is_lost_on_any_ground(server: Server, layout: str) -> None:
    expected = letters(" ".join(SENTENCES))
    wrong = []
    for (ink, paper), size in GROUNDS if EVERYTHING else GROUNDS[::SOME]:
        image = LAYOUTS[layout](ink, paper, size)
        text = outputs_of(upload(server, encode(image)))["output-0"][0]
        if letters(text) != expected:
            wrong.append((ink, paper, size, text))

    assert not wrong


def test_nothing_is_read_on_blank_crops(server: Server) -> None:
    texts = {}
    for seed in BLANKS if EVERYTHING else BLANKS[::SOME]:
        text = outputs_of(upload(server, encode(blank(seed))))["output-0"][0]
        if text.strip():
            texts[seed] = text

    assert not texts
