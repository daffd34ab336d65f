"""The images that the benchmarks read: drawn ones, and those in a folder of the caller's."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr.workers.cpus import granted_cpus

VARIANTS = 4
"""Different images of each drawn kind, read in turn, so that nothing is fast for having been read before."""

_VOCABULARY = (
    "after again always another around because before began between both bridge carried certain children city clear "
    "close common could country course decided different during early evening every family father figure first follow "
    "found garden general given great ground group hand harbour having heard history house hundred important island "
    "journey keeper kind known language large later learned letter light little living machine many market matter "
    "might moment morning mother mountain nearly never night nothing number often only order other paper people place "
    "point possible present problem question quiet rather reason result right river room school second several should "
    "since small something station still story street strong summer system table taken their these thing thought "
    "through today together toward travel under until usual village voice walked water weather where whether which "
    "while white whole window winter without wonder world would write written years young"
)
_WORDS = _VOCABULARY.split()
_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
_A4_AT_300_DPI = (2480, 3508)


@dataclass(frozen=True)
class Sample:
    """One image: the file as clients send it, its grey pixels (uint8, height by width), and its text if known."""

    name: str
    file: bytes
    pixels: NDArray[np.uint8]
    dpi: int | None
    text: str | None


@dataclass(frozen=True)
class Kind:
    """Images of about the same work, read in turn."""

    name: str
    title: str
    samples: tuple[Sample, ...]


def drawn_kinds() -> tuple[Kind, Kind, Kind]:
    """Text lines, paragraphs and A4 pages at 300 dpi; the same on every machine."""
    return (
        Kind("line", "text line", tuple(line(seed) for seed in range(VARIANTS))),
        Kind("paragraph", "paragraph", tuple(paragraph(seed) for seed in range(VARIANTS))),
        Kind("page", "A4 page, 300 dpi", tuple(page(seed) for seed in range(granted_cpus()))),
    )


def line(seed: int) -> Sample:
    """One line of about fifty characters, letters 28 px."""
    return _draw(f"line-{seed}", seed, size=28, width=900, margin=28, lines=1, dpi=None)


def paragraph(seed: int) -> Sample:
    """Eight lines, letters 32 px."""
    return _draw(f"paragraph-{seed}", 100 + seed, size=32, width=1200, margin=60, lines=8, dpi=None)


def page(seed: int) -> Sample:
    """One column of 11 pt text with margins of an inch: some 45 lines, 600 words."""
    return _draw(
        f"page-{seed}", 200 + seed, size=46, width=_A4_AT_300_DPI[0], height=_A4_AT_300_DPI[1], margin=300, dpi=300
    )


def folder(path: Path, *, most: int = 48) -> Kind:
    """The images below ``path``, spread evenly over it if there are more than ``most``. Raises ValueError if none."""
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES)
    if not found:
        raise ValueError(f"{path} has no images; the benchmark reads {', '.join(sorted(_SUFFIXES))}")
    step = max(1, -(-len(found) // most))
    return Kind("folder", f"images in {path.name}", tuple(load(file) for file in found[::step]))


def load(path: Path) -> Sample:
    """An image file; its first frame's pixels."""
    with Image.open(path) as image:
        dpi = round(image.info["dpi"][0]) if "dpi" in image.info else None
        pixels = np.asarray(image.convert("L"))
        return Sample(path.name, path.read_bytes(), pixels, dpi if dpi and 70 <= dpi <= 2400 else None, None)


def message(choose: random.Random) -> str:
    """Six to sixteen words, here and there with a comma or a number."""
    words = [choose.choice(_WORDS) for _ in range(choose.randint(6, 16))]
    if choose.random() < 0.3:
        words[choose.randrange(1, len(words))] = str(choose.randint(2, 1999))
    if choose.random() < 0.5:
        words[len(words) // 2] += ","
    return " ".join(words).capitalize() + choose.choice("...?!")


def _draw(
    name: str, seed: int, *, size: int, width: int, margin: int, dpi: int | None, lines: int = 0, height: int = 0
) -> Sample:
    """Text set in one column until ``lines`` are full, or the ``height`` is."""
    choose = random.Random(seed)
    font = ImageFont.load_default(size=size)
    leading = round(size * 1.4)
    lines = lines or (height - 2 * margin) // leading
    set_lines: list[str] = []
    words: list[str] = []
    while len(set_lines) < lines:
        words = words or message(choose).split()
        current = words.pop(0)
        while len(set_lines) < lines:
            words = words or message(choose).split()
            if font.getlength(f"{current} {words[0]}") > width - 2 * margin:
                break
            current += f" {words.pop(0)}"
        set_lines.append(current)
    image = Image.new("L", (width, height or 2 * margin + lines * leading), 255)
    draw = ImageDraw.Draw(image)
    for number, text in enumerate(set_lines):
        draw.text((margin, margin + number * leading), text, font=font, fill=0)
    out = io.BytesIO()
    image.save(out, "PNG", **({"dpi": (dpi, dpi)} if dpi else {}))
    return Sample(name, out.getvalue(), np.asarray(image), dpi, "\n".join(set_lines))
