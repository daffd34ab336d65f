from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.transformer.preprocess.pages import Pixels, text_page
from transformer.preprocess import border
from transformer.preprocess.prepare import prepare

MARGIN = 80


def scanned(*, slant: int = 12, depth: int = 50, side: int = 0) -> tuple[Pixels, Pixels]:
    """A page in wide margins, and the same one with a slanted black strip along one side."""
    page, _ = text_page(lines=24)
    clean = np.pad(page, MARGIN, constant_values=255)
    turned = np.rot90(clean, side).copy()
    along = np.linspace(depth - slant, depth + slant, turned.shape[1]).astype(int)
    rows = np.arange(len(turned))[:, None]
    turned[rows < along] = 0
    noise = np.random.default_rng(3).integers(0, turned.size, 40)
    turned.reshape(-1)[noise] = 255
    return clean, np.ascontiguousarray(np.rot90(turned, -side))


@pytest.mark.parametrize("side", range(4))
def test_a_scanners_edge_is_painted_white(side: int) -> None:
    clean, page = scanned(side=side)
    found = border.whitened(page)
    assert found is not None
    assert found.shape == clean.shape
    assert (found < 128).sum() < (clean < 128).sum() * 1.02
    inner = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert np.array_equal(found[inner], page[inner])


def test_all_four_sides_at_once() -> None:
    clean, page = scanned()
    for side in range(1, 4):
        page = np.minimum(page, scanned(side=side)[1])
    found = border.whitened(page)
    assert found is not None
    assert (found < 128).sum() < (clean < 128).sum() * 1.05
    assert "border" in prepare(page).steps
    assert "border" not in prepare(page, without=frozenset({"border"})).steps


def bar() -> Pixels:
    """A dark bar along the top with a title in it, as programs have it."""
    page, _ = text_page()
    image = Image.fromarray(np.pad(page, MARGIN, constant_values=255))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, image.width, 60), fill=20)
    pen.text((40, 14), "Settings and accounts", font=ImageFont.load_default(size=28), fill=250)
    return np.asarray(image)


@pytest.mark.parametrize(
    "page",
    [
        text_page()[0],
        bar(),
        np.zeros((400, 300), np.uint8),
        np.full((400, 300), 255, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.where(np.arange(600)[:, None] < 200, 0, np.full((600, 400), 255)).astype(np.uint8),
        np.where(np.arange(600)[:, None] < 2, 0, np.full((600, 400), 255)).astype(np.uint8),
    ],
    ids=["text", "a bar with text", "black", "white", "one pixel", "a third of the page", "a thin rule"],
)
def test_what_is_no_scanners_edge_stays(page: Pixels) -> None:
    assert border.whitened(page) is None
