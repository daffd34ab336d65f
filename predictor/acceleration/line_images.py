"""Spares Tesseract the compression of every line.

Tesseract hands each line to its neural network as an image in memory, which it writes as a PNG and reads back at once
(``ImageData`` in its sources): 2 to 4 % of a page's time. Leptonica's own raw format "spix" is as good there, as the
reader knows a format by its first bytes. So the entry by which the Tesseract library calls ``pixWriteMem`` is led to
``pixWriteMemSpix``, which takes the same first three arguments. The pixels, and so the text, are the same.
"""

from __future__ import annotations

from predictor.acceleration import plt_hook


def keep_raw() -> bool:
    """Lead line images past the compression, in this process; False, and no change, where that cannot be."""
    try:
        return plt_hook.lead("pixWriteMem", plt_hook.loaded.pixWriteMemSpix)
    except AttributeError:
        return False
