"""An ICC profile of sRGB, made of the numbers in IEC 61966-2-1 and laid out as ICC.1:2001-04 (version 2) says."""

from __future__ import annotations

import struct
from functools import cache
from typing import Final

_D50: Final = (0.9642, 1.0, 0.8249)
_PRIMARIES: Final = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
"""The colors of the three phosphors, adapted to the light D50."""
_POINTS: Final = 1024
"""Of the curve from signal to light."""
_NAME: Final = b"sRGB"
_HEADER_BYTES: Final = 128


@cache
def srgb_profile() -> bytes:
    """The profile, for RGB samples that no other profile describes."""
    curve = b"curv" + bytes(4) + struct.pack(">I", _POINTS) + b"".join(_light(index) for index in range(_POINTS))
    tags = {
        b"desc": _description(),
        b"cprt": b"text" + bytes(4) + b"No rights reserved\0",
        b"wtpt": _xyz(_D50),
        **{name: _xyz(color) for name, color in _PRIMARIES.items()},
    }
    table, body = b"", b""
    start = _HEADER_BYTES + 4 + 12 * (len(tags) + 3)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        table += struct.pack(">4sII", name, start + len(body), len(curve))
    body += curve + bytes(-len(curve) % 4)
    rest = struct.pack(">I", len(tags) + 3) + table + body
    return _header(_HEADER_BYTES + len(rest)) + rest


def _header(size: int) -> bytes:
    # Size, no preferred program, version 2.1, a monitor's profile from RGB to XYZ, a date, and what the standard fixes.
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head = struct.pack(">I4xI", size, 0x02100000) + b"mntrRGB XYZ " + date + b"acsp"
    light = struct.pack(">3i", *(round(value * 65536) for value in _D50))
    return (head + bytes(28) + light).ljust(_HEADER_BYTES, b"\0")


def _xyz(color: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in color))


def _description() -> bytes:
    name = _NAME + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)


def _light(index: int) -> bytes:
    """The share of the full light that a signal stands for, 16 bits (IEC 61966-2-1, 5.2)."""
    signal = index / (_POINTS - 1)
    linear = signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4
    return struct.pack(">H", round(linear * 65535))
