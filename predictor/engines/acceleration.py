"""Faster forward passes for Tesseract's neural network, with the very results of its own.

Tesseract spends three fifths of a page's time in its network, but only a sixth of that in products of weights: the rest
goes into functions that are reckoned number by number and into finding places in images one step at a time. What is in
``predictor/acceleration`` does the same eight or sixteen numbers at a time (AVX2, AVX-512 VNNI), to the last bit.

It takes the place of Tesseract's passes in the library that tesserocr has loaded, and so depends on how that library
lays out its structures. So it is tied to one release, checks what it can before it changes anything, and is left out
wherever it does not fit: then Tesseract's own code runs, with the same text.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
from pathlib import Path

from predictor.engines import ORIGINAL, linking

RELEASE = "5.5.4"
"""The release of Tesseract whose structures are known: that of the wheel in ``requirements/predictor.txt``."""


@functools.cache
def install(*, plain: bool = False) -> str:
    """Replace the forward passes in this process, once and for all.

    Returns the instructions that they use, ``avx512vnni`` or ``avx2``, or :data:`predictor.engines.ORIGINAL` where
    nothing was replaced: on another processor, with another release, or where the library was not built. With ``plain``
    AVX2 must do.
    """
    try:
        replace = ctypes.CDLL(str(library())).install
        path: bytes = linking.tesseract().name
    except (AttributeError, OSError):
        return ORIGINAL
    replace.restype, replace.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_bool)
    found: bytes | None = replace(path, RELEASE.encode(), plain)
    return found.decode() if found else ORIGINAL


def library() -> Path:
    """Where the build has put the library, if it has."""
    return Path(__file__).parent.parent / f"_acceleration{importlib.machinery.EXTENSION_SUFFIXES[0]}"
