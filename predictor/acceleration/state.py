"""What became of the acceleration in a process. Importing this loads no Tesseract, unlike :mod:`.install`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

UNMODIFIED: Final = "none"
"""Value of :attr:`Acceleration.simd` for Tesseract's own code."""

REASONS: Final = (
    "ok",
    "disabled",
    "engine",
    "not_built",
    "cpu",
    "release",
    "abi",
    "plt",
    "memory",
    "different",
    "slower",
    "crashed",
    "timeout",
)
"""Values of :attr:`Acceleration.reason`, from :mod:`.install`, the C++ library and :mod:`.self_test`."""


class Acceleration(Struct, frozen=True):
    """Which instruction set the replaced functions use, or :data:`UNMODIFIED`, and why."""

    simd: str
    reason: str
