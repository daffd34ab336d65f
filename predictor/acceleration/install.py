"""Installs SIMD replacements for Tesseract's slowest functions in this process; results are bit-identical.

``README.md`` in this folder says what is replaced, how, and what is checked first. Everything is checked before the
first change, and either every change is made or none.
"""

from __future__ import annotations

import ctypes
import importlib.machinery
from pathlib import Path
from typing import Any, Final

from predictor.acceleration import plt_hook
from predictor.acceleration.state import UNMODIFIED, Acceleration

RELEASE: Final = "5.5.4"
"""The Tesseract release whose data structures are known: that of the wheel in ``requirements/predictor.txt``."""

HOOKS: Final = {"pixWriteMem": "pixWriteMemSpix"}
"""A function that Tesseract calls, and the one of Leptonica that it calls instead.

Tesseract passes each line to its LSTM through an image file in memory. Leptonica's raw format replaces PNG there."""


def install() -> Acceleration:
    """Replace the functions in the Tesseract that this process has loaded. Calling it again changes nothing.

    There is no way back in this process. On any reason but ``ok`` nothing was changed.
    """
    if not library().is_file():
        return Acceleration(UNMODIFIED, "not_built")
    try:
        native = _declare(ctypes.CDLL(str(library())))
        path: bytes = plt_hook.tesseract().name
    except (AttributeError, OSError):
        return Acceleration(UNMODIFIED, "not_built")
    reason: bytes = native.check(path, RELEASE.encode())
    if reason:
        return Acceleration(UNMODIFIED, reason.decode())
    try:
        entries = [(entry, function) for name, function in _hooks() for entry in _entries_of(name)]
    except AttributeError:
        return Acceleration(UNMODIFIED, "plt")
    if not native.patch_vtables():
        return Acceleration(UNMODIFIED, "memory")
    for entry, function in entries:  # writable memory of known addresses: cannot fail
        entry.value = function
    return Acceleration("avx2", "ok")


def library() -> Path:
    """Path of the C++ library, whether it was built or not."""
    return Path(__file__).parent / f"_native{importlib.machinery.EXTENSION_SUFFIXES[0]}"


def _declare(native: Any) -> Any:
    native.check.restype, native.check.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p)
    native.patch_vtables.restype, native.patch_vtables.argtypes = ctypes.c_bool, ()
    return native


def _hooks() -> list[tuple[str, int | None]]:
    replacements = {name: getattr(plt_hook.loaded, function) for name, function in HOOKS.items()}
    return [(name, ctypes.cast(function, ctypes.c_void_p).value) for name, function in replacements.items()]


def _entries_of(name: str) -> list[ctypes.c_void_p]:
    """The entries through which Tesseract calls a function. Raises AttributeError if there is none to write to."""
    entries = list(plt_hook.entries(plt_hook.tesseract(), name))
    if not entries:
        raise AttributeError(f"Tesseract has no writable PLT entry for {name}")
    return entries
