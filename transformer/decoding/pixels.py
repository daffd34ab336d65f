"""Decoded images of any mode → 8-bit grey or RGB arrays, text as dark or light as a viewer shows it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
"""``(h, w)`` grey or ``(h, w, 3)`` RGB."""

_BAND_PIXELS = 4_000_000
"""Larger images are copied out in bands: Pillow's export otherwise needs the whole image two more times."""


def to_array(image: Image.Image, *, white_is_zero: bool = False) -> Pixels:
    """The pixels of a loaded image over white paper; greys stay grey.

    ``white_is_zero`` says that samples beyond 8 bits count darkness, which Pillow leaves as they are. Samples
    beyond 8 bits are scaled by the range they use, so 12 bits in a 16-bit file are no darker than 16.
    """
    match image.mode:
        case "L" | "RGB" if "transparency" not in image.info:
            return _export(image)
        case "1":
            return _export(image.convert("L"))
        case "P":
            return _through_palette(image)
        case "I" | "F" | "I;16" | "I;16B" | "I;16L" | "I;16N":
            grey = _to_8_bits(np.asarray(image))
            return np.subtract(255, grey, out=grey) if white_is_zero else grey
        case "L" | "LA" | "La":
            return _export(_over_white(image, "LA", "L"))
        case _ if image.has_transparency_data:
            return _export(_over_white(image, "RGBA", "RGB"))
        case _:
            return _export(image.convert("RGB"))


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """The page as a viewer shows it, given its EXIF orientation (1–8; anything else counts as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = cv2.transpose(pixels)  # type: ignore[assignment]
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return pixels if flip is None else cv2.flip(pixels, flip)  # type: ignore[return-value]


def _export(image: Image.Image) -> Pixels:
    width, height = image.size
    if width * height <= _BAND_PIXELS:
        return np.asarray(image)
    bands = len(image.getbands())
    pixels: Pixels = np.empty((height, width) if bands == 1 else (height, width, bands), np.uint8)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return pixels


def _over_white(image: Image.Image, with_alpha: str, without: str) -> Image.Image:
    image = image if image.mode == with_alpha else image.convert(with_alpha)
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert(without)
    paper = Image.new(without, image.size, "white")
    paper.paste(image.convert(without), mask=alpha)
    return paper


def _through_palette(image: Image.Image) -> Pixels:
    """Palette colours, transparent ones over white; grey if all of them are."""
    palette = np.array(image.getpalette("RGBA") or [], np.uint8).reshape(-1, 4)[:256]
    colours = np.zeros((256, 3), np.uint8)
    alpha = np.full(256, 255, np.uint8)
    colours[: len(palette)], alpha[: len(palette)] = palette[:, :3], palette[:, 3]
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        alpha[: len(transparency)] = np.frombuffer(transparency, np.uint8)[:256]
    elif isinstance(transparency, int) and 0 <= transparency < 256:
        alpha[transparency] = 0
    table = _blend(colours, alpha)
    indices = _export(image)
    if (table == table[:, :1]).all():
        return np.ascontiguousarray(table[:, 0])[indices]
    return table[indices]


def _blend(colours: Pixels, alpha: Pixels) -> Pixels:
    weight = alpha[:, None].astype(np.uint16)
    return ((colours * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)


def _to_8_bits(samples: NDArray[Any]) -> Pixels:
    """Samples of any depth → 8 bits by the range that they use."""
    if samples.dtype.kind == "f":
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = samples.min().item(), samples.max().item()
    if samples.dtype.kind == "f" or low < 0:
        return _stretched(samples, low, high)
    excess = max(int(high).bit_length() - 8, 0)
    return (samples >> excess).astype(np.uint8)


def _stretched(samples: NDArray[Any], low: float, high: float) -> Pixels:
    """Floats and signed samples: 0–1, 0–255 and 0–65535 mean what they usually do, else the range is stretched."""
    if low >= 0:
        low = 0.0
        high = next((top for top in (1.0, 255.0, 65535.0) if high <= top), high)
    factor = 255.0 / (high - low) if high > low else 0.0
    scaled = (samples.astype(np.float64) if abs(low) + abs(high) > 1e30 else samples.astype(np.float32)) - low
    return np.clip(scaled * factor + 0.5, 0, 255).astype(np.uint8)
