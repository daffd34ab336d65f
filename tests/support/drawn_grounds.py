"""Text of many colors on grounds of many colors, and crops on which there is no text."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]
Pixels = NDArray[np.uint8]

PAIRS: tuple[tuple[Color, Color], ...] = (
    ((255, 255, 255), (92, 170, 235)),
    ((255, 255, 255), (76, 175, 80)),
    ((255, 255, 255), (244, 67, 54)),
    ((255, 255, 255), (255, 152, 0)),
    ((255, 255, 255), (158, 158, 158)),
    ((255, 255, 255), (200, 200, 200)),
    ((255, 235, 59), (0, 0, 0)),
    ((255, 193, 7), (63, 81, 181)),
    ((180, 220, 180), (20, 60, 20)),
    ((120, 120, 120), (35, 35, 35)),
    ((0, 0, 0), (255, 235, 59)),
    ((0, 0, 255), (255, 255, 0)),
    ((33, 33, 33), (255, 152, 0)),
    ((97, 97, 97), (189, 189, 189)),
    ((0, 150, 136), (255, 255, 255)),
    ((255, 235, 0), (255, 255, 255)),
    ((0, 210, 240), (255, 255, 255)),
    ((255, 0, 0), (0, 128, 0)),
    ((220, 40, 40), (40, 40, 220)),
    ((255, 120, 120), (90, 160, 90)),
    ((150, 75, 0), (255, 228, 196)),
)
"""Colors of ink and paper."""
SIZES = (10, 14, 20, 28, 60)
"""Heights of letters, pixels."""
SENTENCES = (
    "The garden behind the house",
    "was quiet that evening, and",
    "nobody had opened the gate.",
    "Invoice 4723 came on Monday",
    "with 12 pages and no stamp.",
)


def page(ink: Color, paper: Color, size: int) -> Image.Image:
    """All sentences in one color on one ground."""
    font = ImageFont.load_default(size=size)
    image = Image.new("RGB", (20 * size, 12 * size), paper)
    pen = ImageDraw.Draw(image)
    for number, sentence in enumerate(SENTENCES):
        pen.text((2 * size, (2 + 1.7 * number) * size), sentence, font=font, fill=ink)
    return image


def banner(ink: Color, paper: Color, size: int) -> Image.Image:
    """Two sentences in a colored banner across a white page, the others below it in black."""
    font = ImageFont.load_default(size=size)
    image = Image.new("RGB", (20 * size, 16 * size), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, size, 20 * size, 6 * size), fill=paper)
    for number, sentence in enumerate(SENTENCES):
        down = 1.7 * number + (1.7 if number < 2 else 4)
        pen.text((2 * size, down * size), sentence, font=font, fill=ink if number < 2 else (0, 0, 0))
    return image


LAYOUTS: dict[str, Callable[[Color, Color, int], Image.Image]] = {"page": page, "banner": banner}


def blank(seed: int) -> Image.Image:
    """A crop without text, of one of ten kinds."""
    draw = np.random.default_rng(seed)
    width, height = (int(side) for side in draw.integers((40, 24), (900, 500)))
    paper = int(draw.choice([255, 245, 230, 200, 60]))
    image = Image.new("L", (width, height), paper)
    pen = ImageDraw.Draw(image)
    dark = 0 if paper > 128 else 230
    _BLANKS[seed % len(_BLANKS)](pen, draw, width, height, dark)
    if seed % 20 < 10:
        return image
    grain = np.asarray(image).astype(np.int16) + draw.integers(-4, 5, (height, width))
    out = io.BytesIO()
    Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=60)
    return Image.open(out)


_Pen = ImageDraw.ImageDraw


def _nothing(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    """Paper alone."""


def _frame(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    pen.rectangle((2, 2, width - 3, height - 3), outline=dark, width=int(draw.integers(1, 4)))


def _rule(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    down = int(draw.integers(4, height - 4))
    pen.line((0, down, width, down + int(draw.integers(-2, 3))), fill=dark, width=int(draw.integers(1, 5)))


def _corner(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    across, down = int(draw.integers(8, width - 8)), int(draw.integers(6, height - 6))
    pen.line((across, 0, across, height), fill=dark, width=2)
    pen.line((0, down, width, down), fill=dark, width=2)


def _specks(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    for x, y in draw.integers((0, 0), (width, height), (int(draw.integers(1, 15)), 2)).tolist():
        pen.point((x, y), fill=dark)


def _gradient(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    low, high = sorted(draw.integers(40, 256, 2).tolist())
    for x in range(width):
        pen.line((x, 0, x, height), fill=round(low + (high - low) * x / width))


def _shadow(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    fold = int(draw.integers(width // 4, 3 * width // 4))
    for x in range(fold, min(width, fold + 40)):
        pen.line((x, 0, x, height), fill=170 + 2 * (x - fold))


def _edge(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    pen.rectangle((0, 0, width, max(2, height // 20)), fill=dark)


def _dashes(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    step = int(draw.integers(6, 20))
    for x in range(0, width, step):
        pen.line((x, height // 2, x + step // 2, height // 2), fill=dark, width=2)


def _check_box(pen: _Pen, draw: np.random.Generator, width: int, height: int, dark: int) -> None:
    side = min(width, height) // 2
    pen.rectangle(
        (width // 2 - side // 2, height // 4, width // 2 + side // 2, height // 4 + side), outline=dark, width=2
    )


_BLANKS = (_nothing, _frame, _rule, _corner, _specks, _gradient, _shadow, _edge, _dashes, _check_box)
