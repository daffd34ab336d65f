"""Black and white images that are too large to be decoded."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

from tests.transformer.formats import drawn
from tests.transformer.formats.pdf.extractors import render
from transformer.formats.pdf.images.poster import as_pdf
from transformer.pipeline.decode_worker import open_document

_ORIENTATION, _ROWS_PER_STRIP = 274, 278


def _file(kind: str, *, mode: str = "1", **options: Any) -> bytes:
    out = io.BytesIO()
    drawn.draw()[0].convert(mode).save(out, kind, dpi=(300, 300), **options)
    return out.getvalue()


def _poster(data: bytes, kind: str, *, pixels: int = 100_000) -> bytes | None:
    return as_pdf(data, kind, orientation=1, dpi=(100, 100), pixels=pixels)


STRIPS: dict[str, Any] = {"compression": "group4", "tiffinfo": {_ROWS_PER_STRIP: 70}}


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {"compression": "group4"}), ("TIFF", STRIPS)])
def test_an_image_is_drawn_as_it_is(kind: str, options: dict[str, Any]) -> None:
    data = _file(kind, **options)
    made = _poster(data, kind.lower())
    assert made is not None
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert (np.abs(render(made, dpi=100).astype(int) - expected) < 128).mean() > 0.998
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages[0].Resources.XObject) == (8 if options is STRIPS else 1)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (_file("PNG", mode="L"), "png"),
        (_file("TIFF", compression="packbits"), "tiff"),
        (_file("TIFF", **STRIPS, save_all=True, append_images=[drawn.draw()[0].convert("1")]), "tiff"),
        (_file("TIFF", **STRIPS)[:-600], "tiff"),
        (b"II*\0", "tiff"),
    ],
)
def test_others_are_not(data: bytes, kind: str) -> None:
    assert _poster(data, kind) is None


def test_an_image_that_may_be_decoded_is_none() -> None:
    assert _poster(_file("PNG"), "png", pixels=10_000_000) is None


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", STRIPS)])
def test_a_large_image_is_read_at_a_lower_resolution(kind: str, options: dict[str, Any]) -> None:
    document = open_document(io.BytesIO(_file(kind, **options)), kind.lower(), page_pixels=130_000)  # type: ignore[arg-type]
    page = document.decode(1, page_pixels=130_000)
    document.close()
    height, width = page.pixels.shape[:2]
    assert 100_000 < width * height <= 130_000
    assert page.dpi == pytest.approx(300 * width / 1000, abs=1)
    ink = np.argwhere(page.pixels.min(axis=2) < 128) * 1000 / width
    boxes = np.array([box for _, box in drawn.draw()[1]])
    assert np.abs(ink.min(axis=0) - boxes.min(axis=0)[[1, 0]]).max() < 8
    assert np.abs(ink.max(axis=0) - boxes.max(axis=0)[[3, 2]]).max() < 8
