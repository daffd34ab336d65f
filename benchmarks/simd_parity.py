"""``python -m benchmarks.simd_parity``: random images recognized by accelerated and by unmodified Tesseract.

Text, boxes and confidences must be equal. Words of all sizes and lengths in the machine's fonts, upside down, skewed,
blurred, noisy, crossed by rules; in several languages and page segmentation modes. An image that differs is kept in
``build/simd-parity``. Variables: ``SECONDS`` (300), ``SEED`` (0).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from predictor.tessdata import ModelDirectory
from tools.local_stack import ROOT

OUT: Final = ROOT / "build" / "simd-parity"
VARIANTS: Final = ("unmodified", "accelerated")
_LANGUAGES: Final = ("eng", "deu", "eng+deu")
_MODES: Final = (1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13)
_CHARACTERS: Final = (
    "abcdefghijklmnopqrstuvwxyz" * 6
    + "ABCDEFGHIJKLMNOPQRSTUVWXYZäöüßé0123456789.,;:!?()-\"'&%$€@#/\\|[]{}<>*+=_~"
    + " " * 40
)


def draw(random: np.random.Generator) -> NDArray[np.uint8]:
    """A page, uint8 gray of shape (height, width)."""
    width, height = (int(side) for side in random.integers(5, (1600, 900)))
    page = Image.new("L", (width, height), int(random.integers(150, 256)))
    pen = ImageDraw.Draw(page)
    fonts = [*Path("/usr/share/fonts").rglob("*.ttf"), None]
    path = fonts[random.integers(len(fonts))]
    y = 0
    while y < height:
        size = int(random.choice([8, 11, 14, 20, 28, 40, 70, 120]))
        font = ImageFont.truetype(path, size) if path else ImageFont.load_default(size=size)
        text = "".join(random.choice(list(_CHARACTERS), int(random.integers(1, 120))))
        pen.text(
            (int(random.integers(-20, width)) if random.random() < 0.3 else 10, y), text, font=font, fill=_dark(random)
        )
        y += int(size * random.uniform(0.8, 2.5))
    for _ in range(int(random.integers(0, 6))):
        x0, y0, x1, y1 = (int(end) for end in random.integers(0, max(width, height), 4))
        pen.line((x0, y0, x1, y1), fill=_dark(random), width=int(random.integers(1, 9)))
        if random.random() < 0.3:
            pen.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=_dark(random))
    return _degrade(page, random)


def _dark(random: np.random.Generator) -> int:
    return int(random.integers(0, 140))


def _degrade(page: Image.Image, random: np.random.Generator) -> NDArray[np.uint8]:
    if random.random() < 0.3:
        page = page.rotate(float(random.normal(0, 3)), fillcolor=255)
    if random.random() < 0.05:
        page = page.rotate(180)
    if random.random() < 0.2:
        page = page.filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 3))))
    pixels = np.asarray(page).astype(float)
    if random.random() < 0.4:
        pixels += random.normal(0, random.uniform(1, 60), pixels.shape)
    if random.random() < 0.1:
        pixels = 255 - pixels
    return np.ascontiguousarray(np.clip(pixels, 0, 255).astype(np.uint8))


def recognize(pipe: Connection[Any, Any], variant: str) -> None:
    """Serve one variant in a process of its own: images in, hOCR out."""
    import tesserocr  # noqa: PLC0415 - in these processes only

    from predictor.acceleration import install  # noqa: PLC0415
    from predictor.acceleration.state import UNMODIFIED  # noqa: PLC0415

    pipe.send(install.install().simd if variant == "accelerated" else UNMODIFIED)
    path = str(ModelDirectory.find("").path)
    variables = {"debug_file": "/dev/null"}
    apis = {lang: tesserocr.PyTessBaseAPI(path=path, lang=lang, oem=1, variables=variables) for lang in _LANGUAGES}
    while True:
        try:
            page, lang, mode, dpi = pipe.recv()
        except EOFError:
            return
        api = apis[lang]
        height, width = page.shape
        api.SetPageSegMode(mode)
        api.SetImageBytes(page.tobytes(), width, height, 1, width)
        if dpi:
            api.SetSourceResolution(dpi)
        pipe.send(api.GetHOCRText(0))
        api.Clear()


def start() -> Iterator[Connection[Any, Any]]:
    """Start the variants, each behind a pipe; closing it ends the process."""
    context = multiprocessing.get_context("spawn")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    for variant in VARIANTS:
        ours, theirs = context.Pipe()
        context.Process(target=recognize, args=(theirs, variant), daemon=True).start()
        theirs.close()
        yield ours


def main() -> int:
    """The exit status: 0 if every image gave equal results."""
    seconds, seed = float(os.environ.get("SECONDS") or 300), int(os.environ.get("SEED") or 0)
    random = np.random.default_rng(seed)
    pipes = list(start())
    print(", ".join(f"{variant}: {pipe.recv()}" for variant, pipe in zip(VARIANTS, pipes, strict=True)), flush=True)
    images = words = different = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page = draw(random)
        job = page, str(random.choice(_LANGUAGES)), int(random.choice(_MODES)), int(random.choice([0, 0, 72, 300, 600]))
        for pipe in pipes:
            pipe.send(job)
        first, *others = [pipe.recv() for pipe in pipes]
        images += 1
        words += first.count("ocrx_word")
        if any(other != first for other in others):
            different += 1
            OUT.mkdir(parents=True, exist_ok=True)
            Image.fromarray(page).save(OUT / f"{seed}-{images}.png")
            print(f"{OUT / f'{seed}-{images}.png'}: lang={job[1]} psm={job[2]} dpi={job[3]} differs", flush=True)
    print(f"{images} images, {words} words: {different} differ")
    return 1 if different or not words else 0


if __name__ == "__main__":
    sys.exit(main())
