"""Tensors of pixels as files of images."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from kserve import InferInput
from PIL import Image

from kserve_ocr.protocol.errors import MalformedRequestError
from transformer.pipeline.pixel_input import image_files, language

CHANCE = np.random.default_rng(7)


def tensor(values: np.ndarray[Any, np.dtype[np.uint8]], *, raw: bool = True) -> InferInput:
    found = InferInput("image", list(values.shape), "UINT8", data=None if raw else values.tolist())
    if raw:
        found._raw_data = memoryview(values.tobytes())
    return found


@pytest.mark.parametrize("raw", [True, False], ids=["binary", "JSON"])
@pytest.mark.parametrize("shape", [(1, 5, 7, 3), (5, 7, 3), (1, 5, 7), (1, 5, 7, 1), (5, 7), (1, 1, 1, 3)])
def test_shapes(shape: tuple[int, ...], raw: bool) -> None:
    values = CHANCE.integers(0, 256, shape, dtype=np.uint8)

    (file,) = image_files(tensor(values, raw=raw), limit=9)

    image = Image.open(io.BytesIO(file))
    assert image.mode == ("RGB" if shape[-1] == 3 else "L")
    assert np.array(image).tobytes() == values.tobytes()


def test_several_images() -> None:
    values = CHANCE.integers(0, 256, (3, 4, 5, 3), dtype=np.uint8)

    assert [Image.open(io.BytesIO(file)).tobytes() for file in image_files(tensor(values), limit=9)] == [
        image.tobytes() for image in values
    ]


@pytest.mark.parametrize("shape", [(5,), (2, 5, 7), (1, 5, 7, 4), (1, 1, 5, 7, 3), (1, 0, 7, 3), (0, 5, 7, 3)])
def test_what_is_no_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(MalformedRequestError, match="input 'image' has shape"):
        image_files(tensor(np.zeros(shape, np.uint8)), limit=9)


def test_values_that_are_no_pixels() -> None:
    for data in ([[1, 256]], [[1, -1]], [["1", "x"]], [[1.5, None]]):
        with pytest.raises(MalformedRequestError, match="pixels must be 0 to 255"):
            image_files(InferInput("image", [1, 2], "UINT8", data=data), limit=9)


def test_fewer_values_than_the_shape_needs() -> None:
    with pytest.raises(MalformedRequestError, match=r"shape \[2, 2\] needs 4 bytes, got 3"):
        image_files(InferInput("image", [2, 2], "UINT8", data=[1, 2, 3]), limit=9)


def lang_type(*texts: Any) -> InferInput:
    return InferInput("lang_type", [len(texts), 1], "BYTES", data=[[text] for text in texts])


def test_the_language_beside_an_image() -> None:
    raw = InferInput("lang_type", [1, 1], "BYTES")
    raw._raw_data = memoryview(b"\x02\0\0\0en")

    assert language([lang_type("english")]) == {"lang": "english"}
    assert language([lang_type(b"eng")]) == {"lang": "eng"}
    assert language([raw]) == {"lang": "en"}
    assert language([lang_type("")]) == {}
    assert language([]) == {}


@pytest.mark.parametrize("texts", [("en", "de"), (7,), (b"\xff",)])
def test_languages_that_cannot_be_read(texts: tuple[Any, ...]) -> None:
    with pytest.raises(MalformedRequestError, match="lang_type"):
        language([lang_type(*texts)])
