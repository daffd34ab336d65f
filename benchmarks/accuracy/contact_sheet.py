"""Pictures of the worst pages: before, after, and the words that were read over the page as sent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy.variants import Result, decode, read
from transformer.preprocess.prepare import prepare

_HEIGHT = 1100
_TITLE = 30


def draw(result: Result, *, path: Path) -> None:
    """One page's sheet: three panels side by side, words coloured from red (unsure) to green (sure)."""
    page = decode(result.document.path)
    ready = prepare(page.pixels, dpi=page.dpi)
    _, layout = read(ready, result.document.lang, layout=True)
    before, after = Image.fromarray(page.pixels).convert("RGB"), Image.fromarray(ready.pixels).convert("RGB")
    words = before.copy()
    pen = ImageDraw.Draw(words)
    stroke = max(2, max(words.size) // 800)
    if layout is not None:
        for word in ready.geometry.to_original(layout).iter_words():
            colour = (int(220 * (1 - word.confidence)), int(170 * word.confidence), 0)
            pen.rectangle(word.bbox, outline=colour, width=stroke)
    panels = [_fitted(panel) for panel in (before, after, words)]
    sheet = Image.new("RGB", (sum(panel.width for panel in panels) + 20, _HEIGHT + _TITLE), "white")
    steps = ", ".join(ready.steps) or "no step"
    title = f"{result.document.name}   CER {result.cer:.3f}   words {result.recall:.3f}   {steps}"
    ImageDraw.Draw(sheet).text((6, 6), title, fill="black", font=ImageFont.load_default(size=16))
    left = 0
    for panel in panels:
        sheet.paste(panel, (left, _TITLE))
        left += panel.width + 10
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(sheet)).save(path)


def _fitted(panel: Image.Image) -> Image.Image:
    return panel.resize((max(1, round(panel.width * _HEIGHT / panel.height)), _HEIGHT), Image.Resampling.LANCZOS)
