"""Pages as a typewriter writes them, with what the engine leaves out of them."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.support.drawn_pages import encode
from tests.support.http_calls import text_of, upload
from tests.transformer.preprocess.test_lone_numbers import numbered
from tools.local_stack import Service


@pytest.mark.parametrize(("number", "turned"), [("-3-", 0), ("7", 0), ("-3-", 180)])
def test_a_page_number_above_the_text_is_read_first(service: Service, number: str, turned: int) -> None:
    page, _ = numbered(number)

    text = text_of(upload(service.transformer, encode(Image.fromarray(page).rotate(turned))))

    assert text.split()[0] == number
    assert len(text.split()) > 50
