from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.transformer.preprocess.pages import Boxes, Pixels, text_page
from transformer.preprocess.prepare import prepare

SIZE = 28
MARGIN = 320


def numbered(*texts: str, y: int = 160, x: int = 450, gap: int = 160) -> tuple[Pixels, Boxes]:
    """A page of text with more to read at its top, and the box of the ink of each."""
    text, _ = text_page(size=SIZE)
    page = np.full((text.shape[0] + 2 * MARGIN, text.shape[1]), 255, np.uint8)
    page[MARGIN : MARGIN + text.shape[0]] = text
    image = Image.fromarray(page)
    draw = ImageDraw.Draw(image)
    boxes: Boxes = []
    for number, found in enumerate(texts):
        place = (x + gap * number, y)
        draw.text(place, found, fill=0, font=ImageFont.load_default(size=SIZE))
        ink = Image.new("L", image.size, 255)
        ImageDraw.Draw(ink).text(place, found, fill=0, font=ImageFont.load_default(size=SIZE))
        rows, columns = np.nonzero(np.asarray(ink) < 128)
        boxes.append((int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
    return np.asarray(image), boxes


def found_on(page: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return prepare(page, without=frozenset({"scale", "dewarp", "deskew", "margins"})).numbers


@pytest.mark.parametrize("text", ["-4-", "- 4 -", "-17-", "128", "7"])
def test_a_number_above_the_text_is_found_with_its_dashes(text: str) -> None:
    page, (box,) = numbered(text)

    (number,) = found_on(page)

    assert np.abs(number[4:] - box).max() <= 2
    dashes = text.startswith("-")
    assert (number[4] < number[0] - 2) == dashes
    assert (number[6] > number[2] + 2) == dashes


def test_a_number_below_the_text_is_found() -> None:
    page, _ = numbered()
    shown, (box,) = numbered("-4-", y=page.shape[0] - 160)

    (number,) = found_on(shown)

    assert np.abs(number[4:] - box).max() <= 2


def test_numbers_of_columns_are_found() -> None:
    page, boxes = numbered("1", "2", "3", "4", x=100)

    assert np.abs(np.sort(found_on(page)[:, 4]) - [box[0] for box in boxes]).max() <= 2


@pytest.mark.parametrize("texts", [(), ("chapter nine",), ("12345678",), ("=4=",)])
def test_text_and_signs_are_no_numbers(texts: tuple[str, ...]) -> None:
    page, _ = numbered(*texts)

    assert len(found_on(page)) == 0


def test_numbers_within_the_text_are_left_to_the_engine() -> None:
    page, _ = numbered("4", y=MARGIN + 10, x=470)

    assert len(found_on(page)) == 0


def test_a_page_full_of_numbers_is_a_table() -> None:
    page, _ = numbered(*"1234567", x=60, gap=130)
    other, _ = numbered(*"1234567", x=60, gap=130, y=80)

    assert len(found_on(np.minimum(page, other))) == 0


def test_boxes_lie_on_the_page_as_it_is_recognized() -> None:
    page, _ = numbered("-4-")
    large = np.asarray(Image.fromarray(page).resize((2 * page.shape[1], 2 * page.shape[0])))

    ready = prepare(large)

    assert "scale" in ready.steps
    (number,) = ready.numbers
    x0, y0, x1, y1 = number[4:].astype(int)
    dark = ready.pixels < 128
    assert dark[y0:y1, x0:x1].any()
    assert not dark[: y0 - 4].any()


def test_a_page_without_letters_has_none() -> None:
    assert prepare(np.full((300, 300), 255, np.uint8)).numbers.shape == (0, 8)
