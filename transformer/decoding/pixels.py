"""Decoded images of any mode → 8-bit gray or RGB arrays as a viewer displays them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
"""``(h, w)`` grey or ``(h, w, 3)`` RGB."""

_BAND_PIXELS = 4_000_000
"""Larger images are converted in bands to bound memory."""
_SAMPLE_SIDE = 512
"""Pixels along a side of the sample from which the color behind a transparent image is chosen."""
_MOSTLY_TRANSPARENT = 0.5
_LIGHT = 190
"""Share of an image that shows at most, and its mean gray level at least, for a black ground: light text."""


def to_array(image: Image.Image, *, white_is_zero: bool = False) -> Pixels:
    """The pixels of a loaded image over white paper (black if only light marks show); greys stay grey.

    ``white_is_zero`` says that samples beyond 8 bits count darkness, which Pillow leaves as they are. Samples
    beyond 8 bits are scaled by the range they use, so 12 bits in a 16-bit file are no darker than 16.
    """
    convert = _conversion(image, white_is_zero=white_is_zero)
    width, height = image.size
    if width * height <= _BAND_PIXELS:
        return convert(image)
    first = convert(image.crop((0, 0, width, 1)))
    pixels = np.empty((height, *first.shape[1:]), np.uint8)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        pixels[top:bottom] = convert(image.crop((0, top, width, bottom)))
    return pixels


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """The page as a viewer shows it, given its EXIF orientation (1-8; anything else counts as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = np.asarray(cv2.transpose(pixels), np.uint8)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return pixels if flip is None else np.asarray(cv2.flip(pixels, flip), np.uint8)


def _conversion(image: Image.Image, *, white_is_zero: bool) -> Callable[[Image.Image], Pixels]:
    """The function that converts the image, or a part of it, to an array."""
    match image.mode:
        case "L" | "RGB" if "transparency" not in image.info:
            return np.asarray
        case "1":
            return lambda part: np.asarray(part.convert("L"))
        case "P":
            table = _palette(image, paper=_paper(image))
            return lambda part: table[np.asarray(part)]
        case "I" | "F" | "I;16" | "I;16B" | "I;16L" | "I;16N":
            scale = _scale(*_extrema(image))
            if white_is_zero:
                return lambda part: np.subtract(255, scale(np.asarray(part)))
            return lambda part: scale(np.asarray(part))
        case "L" | "LA" | "La":
            paper = _paper(image)
            return lambda part: np.asarray(_over_paper(part, "LA", "L", paper=paper))
        case _ if image.has_transparency_data:
            paper = _paper(image)
            return lambda part: np.asarray(_over_paper(part, "RGBA", "RGB", paper=paper))
        case _:
            return lambda part: np.asarray(part.convert("RGB"))


def _paper(image: Image.Image) -> int:
    """Gray level to show behind an image: white, or black if it is mostly transparent and what it shows is light."""
    if not image.has_transparency_data:
        return 255
    width, height = image.size
    size = min(width, _SAMPLE_SIDE), min(height, _SAMPLE_SIDE)
    sample = np.asarray(image.resize(size, Image.Resampling.NEAREST).convert("RGBA"), np.float32)
    alpha = sample[:, :, 3] / 255
    visible = float(alpha.mean())
    if not 0 < visible <= _MOSTLY_TRANSPARENT:
        return 255
    luma = float((sample[:, :, :3].mean(axis=2) * alpha).mean()) / visible
    return 0 if luma >= _LIGHT else 255


def _over_paper(image: Image.Image, with_alpha: str, without: str, *, paper: int) -> Image.Image:
    image = image if image.mode == with_alpha else image.convert(with_alpha)
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert(without)
    result = Image.new(without, image.size, (paper,) * len(without) if len(without) > 1 else paper)
    result.paste(image.convert(without), mask=alpha)
    return result


def _palette(image: Image.Image, *, paper: int) -> Pixels:
    """Palette colours, transparent ones over ``paper``: ``(256, 3)``, or ``(256,)`` if all of them are grey."""
    palette = np.array(image.getpalette("RGBA") or [], np.uint8).reshape(-1, 4)[:256]
    colours = np.zeros((256, 3), np.uint8)
    alpha = np.full(256, 255, np.uint8)
    colours[: len(palette)], alpha[: len(palette)] = palette[:, :3], palette[:, 3]
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        alpha[: len(transparency)] = np.frombuffer(transparency, np.uint8)[:256]
    elif isinstance(transparency, int) and 0 <= transparency < 256:
        alpha[transparency] = 0
    weight = alpha[:, None].astype(np.uint16)
    table = ((colours * weight + paper * (255 - weight) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(table[:, 0]) if (table == table[:, :1]).all() else table


def _extrema(image: Image.Image) -> tuple[float, float]:
    """The least and the greatest finite sample; whole numbers unless samples are floats."""
    if image.mode != "F":
        low, high = image.getextrema()
        return int(low), int(high)  # type: ignore[arg-type]
    samples = np.asarray(image)
    finite = samples[np.isfinite(samples)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _scale(low: float, high: float) -> Callable[[NDArray[Any]], Pixels]:
    """From samples between ``low`` and ``high`` to 8 bits.

    Whole numbers lose what they have over 8 bits. Of floats, 0 to 1, 255 and 65535 mean what they usually do;
    other ranges, and negative numbers, are stretched.
    """
    if isinstance(high, int) and low >= 0:
        excess = max(high.bit_length() - 8, 0)
        return lambda samples: (samples >> excess).astype(np.uint8)
    if low >= 0:
        low, high = 0.0, next((top for top in (1.0, 255.0, 65535.0) if high <= top), high)
    middle, half = low / 2 + high / 2, (high / 2 - low / 2) or 1.0

    def stretch(samples: NDArray[Any]) -> Pixels:
        finite = np.nan_to_num(samples.astype(np.float64), nan=low, posinf=high, neginf=low)
        return np.clip((finite - middle) / half * 127.5 + 128, 0, 255).astype(np.uint8)

    return stretch
