"""Pages drawn for the tests, with the boxes of their words."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
Boxes = list[tuple[int, int, int, int]]

SENTENCE = (
    "It was late in the evening when two travellers reached the little town on the other side of the hills and "
    "asked for a room with a fire and for something hot to eat before they would talk about their long journey"
)
WORDS = SENTENCE.split()


@cache
def text_page(*, size: int = 28, lines: int = 16, width: int = 1000, seed: int = 0) -> tuple[Pixels, Boxes]:
    """A white page with black lines of words, and each word's box of ink."""
    font = ImageFont.load_default(size=size)
    height = round(size * (lines * 1.6 + 4))
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    choose = np.random.default_rng(seed)
    boxes: Boxes = []
    for line in range(lines):
        x, y = 2.0 * size, size * (2 + 1.6 * line)
        while True:
            word = WORDS[int(choose.integers(len(WORDS)))]
            end = x + draw.textlength(word, font=font)
            if end > width - 2 * size:
                break
            draw.text((x, y), word, fill=0, font=font)
            left, top, right, bottom = draw.textbbox((x, y), word, font=font)
            boxes.append((round(left), round(top), round(right), round(bottom)))
            x = end + 0.4 * size
    return np.asarray(image), boxes


def curved(page: Pixels, *, degrees: float) -> Pixels:
    """The page as if it curved into a gutter on its right: its lines' slope grows to ``degrees`` there."""
    height, width = page.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    fall = np.tan(np.radians(degrees)) * x**2 / (2 * width)
    moved = cv2.remap(page, x, (y - fall).astype(np.float32), cv2.INTER_CUBIC, borderValue=255)
    return np.asarray(moved, dtype=np.uint8)


def photographed(page: Pixels, *, lean: float = 0.0, grain: int = 8, seed: int = 0) -> tuple[Pixels, NDArray[np.bool_]]:
    """The page as a sheet on speckled stone, in uneven light, and where on that picture the sheet lies.

    ``lean`` is how far the sheet leads to the left downwards, run over rise; specks are up to ``2 * grain`` wide.
    """
    height, width = page.shape
    margin = width // 4
    size = (width + 2 * margin, height + 2 * margin)
    choose = np.random.default_rng(seed)
    stone = np.full((size[1], size[0]), 215, np.uint8)
    for _ in range(size[0] * size[1] // (4 * grain * grain)):
        middle = (int(choose.integers(size[0])), int(choose.integers(size[1])))
        axes = (int(choose.integers(grain // 4, grain)), int(choose.integers(grain // 4, grain)))
        level = int(choose.integers(60, 170))
        cv2.ellipse(stone, middle, axes, float(choose.integers(180)), 0, 360, level, -1)
    shift = np.array([[1, -lean, margin + lean * height / 2], [0, 1, margin]])
    sheet = cv2.warpAffine(page, shift, size, flags=cv2.INTER_LINEAR, borderValue=255)
    inside = cv2.warpAffine(np.ones_like(page), shift, size, flags=cv2.INTER_NEAREST) > 0
    light = np.linspace(0.55, 0.8, size[0])
    return (np.where(inside, sheet, stone) * light).astype(np.uint8), inside
