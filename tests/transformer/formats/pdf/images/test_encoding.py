from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.transformer.formats import drawn
from transformer.formats.pdf.images.encoding import from_pixels

_NOISE = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)


def _grey_page() -> NDArray[np.uint8]:
    return np.asarray(drawn.draw()[0], np.uint8)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.where(_grey_page() < 128, 0, 255).astype(np.uint8), ("CCITTFaxDecode", 1, 1)),
        (np.zeros((7, 13), np.uint8), ("CCITTFaxDecode", 1, 1)),
        (_grey_page(), ("FlateDecode", 1, 8)),
        (np.stack([_grey_page()] * 3, axis=2), ("FlateDecode", 1, 8)),
        (np.stack([_grey_page(), _grey_page(), np.full_like(_grey_page(), 9)], axis=2), ("FlateDecode", 1, 8)),
        (_NOISE, ("FlateDecode", 3, 8)),
        (_NOISE[..., 0], ("FlateDecode", 1, 8)),
    ],
)
def test_pixels_take_the_form_that_suits_them(pixels: NDArray[np.uint8], expected: tuple[str, int, int]) -> None:
    image = from_pixels(pixels)
    assert (image.filter, image.channels, image.bits) == expected
    assert (image.height, image.width) == pixels.shape[:2]
    assert len(image.data) < 1.02 * pixels.nbytes
