"""Tesseract's slowest parts by this project's own code, with the very same results.

Tesseract spends three fifths of a page's time in its neural network, but only a sixth of that in products of weights:
the rest goes into functions that are reckoned number by number and into finding places in images one step at a time.
What is in ``predictor/acceleration`` does the same eight or sixteen numbers at a time (AVX2, AVX-512 VNNI), to the last
bit. Of the layout, it does the openings by which rules are found, and the search for what is black in a box.

The network's passes take the place of Tesseract's in the library that tesserocr has loaded, and so depend on how that
library lays out its structures. So they are tied to one release, check what they can before they change anything, and
are left out wherever they do not fit: then Tesseract's own code runs, with the same text.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
from pathlib import Path

from predictor.acceleration import plt_hook

RELEASE = "5.5.4"
"""The release of Tesseract whose structures are known: that of the wheel in ``requirements/predictor.txt``."""

ORIGINAL = "tesseract"
"""The neural network is computed by Tesseract's own code."""

BITS = {"pixOpenBrick": "open_brick", "pixClipBoxToForeground": "clip_box_to_foreground"}
"""Leptonica's functions on black and white images, and those that do the same."""


@functools.cache
def install(*, plain: bool = False) -> str:
    """Put this project's code in place of Tesseract's in this process, once and for all.

    Returns the instructions that the network is reckoned with: ``avx512vnni`` or ``avx2``, or
    :data:`ORIGINAL` where it was left as it is: on another processor, with another release, or where the library was
    not built. With ``plain`` AVX2 must do.
    """
    try:
        ours = ctypes.CDLL(str(library()))
        path: bytes = plt_hook.tesseract().name
    except (AttributeError, OSError):
        return ORIGINAL
    ours.prepare_bits.restype, ours.prepare_bits.argtypes = ctypes.c_bool, (ctypes.c_char_p,)
    if ours.prepare_bits(path):
        for name, function in BITS.items():
            plt_hook.lead(name, getattr(ours, function))
    ours.install.restype, ours.install.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_bool)
    found: bytes | None = ours.install(path, RELEASE.encode(), plain)
    return found.decode() if found else ORIGINAL


def library() -> Path:
    """Where the build has put the library, if it has."""
    return Path(__file__).parent / f"_native{importlib.machinery.EXTENSION_SUFFIXES[0]}"
