"""Images as tensors of pixels, with their language as another input, as Docling's ``kserve_v2_ocr`` sends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from kserve import InferInput

from kserve_ocr.protocol import names, v2_request
from kserve_ocr.protocol.errors import MalformedRequestError, TooManyDocumentsError

_BATCH: Final = 4
"""Sides of a tensor that holds several images."""

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def image_files(tensor: InferInput, *, limit: int) -> list[bytes]:
    """Each image of a UINT8 tensor as a file (PPM or PGM), so that it is decoded and limited as any other.

    Shapes are [N, height, width, 3 or 1], [height, width, 3], [1, height, width] and [height, width]; colors are RGB.
    Raises MalformedRequestError, and TooManyDocumentsError if there are more images than ``limit``.
    """
    if len(tensor.shape) == _BATCH and tensor.shape[0] > limit:
        raise TooManyDocumentsError(
            f"input '{tensor.name}' has {tensor.shape[0]} images, {limit} may be sent; send the rest in another request"
        )
    return [_netpbm(image) for image in _images(tensor)]


def _images(tensor: InferInput) -> Sequence[Pixels]:
    pixels = v2_request.pixels(tensor)
    match pixels.shape:
        case (_, _, _, 1 | 3):
            images = list(pixels)
        case (_, _, 1 | 3):
            images = [pixels]
        case (1, _, _):
            images = [pixels[0, :, :, np.newaxis]]
        case (_, _):
            images = [pixels[:, :, np.newaxis]]
        case _:
            raise MalformedRequestError(
                f"input '{tensor.name}' has shape {list(pixels.shape)}; send an image as [1, height, width, 3] in RGB, "
                "or gray as [1, height, width]"
            )
    if 0 in pixels.shape:
        raise MalformedRequestError(f"input '{tensor.name}' has shape {list(pixels.shape)}, which has no pixels")
    return images


def _netpbm(image: Pixels) -> bytes:
    """Binary PPM of RGB pixels, or PGM of gray ones: a header and the values as they are."""
    height, width, channels = image.shape
    return b"P%d\n%d %d\n255\n" % (6 if channels == 3 else 5, width, height) + image.tobytes()


def language(inputs: Sequence[InferInput]) -> dict[str, str]:
    """The parameter ``lang`` that an input ``lang_type`` gives; empty without one. Raises MalformedRequestError."""
    found = [text for tensor in inputs if tensor.name == names.LANG_TYPE for text in v2_request.texts(tensor)]
    if len(set(found)) > 1:
        raise MalformedRequestError(f"{names.LANG_TYPE} names {len(found)} languages; join them by '+' in one element")
    return {names.LANG: found[0]} if found and found[0] else {}
