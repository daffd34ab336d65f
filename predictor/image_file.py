"""Plain image files sent straight to the predictor, for callers that need no preparation of pages."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from kserve_ocr.protocol.errors import (
    DamagedDocumentError,
    MalformedRequestError,
    OcrError,
    TooManyPixelsError,
    UnsupportedDocumentError,
)

if TYPE_CHECKING:  # the workers decode, and importing KServe for two names would cost each of them a second
    from kserve_ocr.protocol.types import Buffer, Page

FORMATS: Final = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000")

MAX_SIDE: Final = 32_767
"""Pixels of the longest side that Tesseract takes."""


def decode(data: Buffer, *, max_pixels: int) -> Page:
    """The first frame as gray pixels, uint8 of shape (height, width), white under transparency.

    Raises MalformedRequestError for no bytes at all, UnsupportedDocumentError, TooManyPixelsError (from the header,
    before decoding) or DamagedDocumentError.
    """
    if not data:
        raise MalformedRequestError("the image is empty (0 bytes); send the bytes of an image file")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > max_pixels:
                raise TooManyPixelsError(
                    f"the image is {image.width} x {image.height} pixels, over the limit of {max_pixels} in all"
                )
            if max(image.size) > MAX_SIDE:
                raise TooManyPixelsError(
                    f"the image is {image.width} x {image.height} pixels; no side may exceed {MAX_SIDE}"
                )
            return np.asarray(_gray(image))
    except UnidentifiedImageError:
        raise UnsupportedDocumentError(
            "this is not an image that the predictor accepts; send PNG, JPEG, TIFF, WebP, BMP, GIF or JPEG 2000, "
            "or send PDFs and anything else to the transformer"
        ) from None
    except OcrError:
        raise
    except Image.DecompressionBombError:
        raise TooManyPixelsError(f"the image has more than {max_pixels} pixels") from None
    except MemoryError:
        raise TooManyPixelsError("the image needs more memory to decode than a worker has; scale it down") from None
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        raise DamagedDocumentError(f"the image is damaged ({type(error).__name__}); upload it again") from error


def _gray(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("L")
    return image.convert("L")
