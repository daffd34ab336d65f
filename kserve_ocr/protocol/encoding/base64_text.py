"""Documents that come as base64 in JSON or in a form."""

from __future__ import annotations

import base64
import binascii
from typing import Final

_URL_SAFE: Final = str.maketrans("-_", "+/")
_PIECE: Final = 4 << 20
"""Characters that are decoded at once, a multiple of four."""


def from_base64(text: str) -> bytes:
    """Decoded base64, standard or URL-safe (RFC 4648, 4 and 5), padded or not.

    A ``data:`` URI prefix and line breaks are accepted. Raises ValueError with a message.
    """
    if text.startswith("data:"):
        text = text[text.find(",") + 1 :]
    try:
        return _strict_base64(text)
    except (binascii.Error, ValueError):
        pass
    try:
        joined = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
        return base64.b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the data is not valid base64; encode the file's bytes with base64") from None


def _strict_base64(text: str) -> bytes:
    """Decoded piece by piece, as a piece holds the interpreter. Raises ValueError, binascii.Error being one."""
    if len(text) <= _PIECE:
        return binascii.a2b_base64(text, strict_mode=True)
    if text.find("=", 0, -2) >= 0:  # not `in`, which would copy
        raise ValueError
    starts = range(0, len(text), _PIECE)
    return b"".join(binascii.a2b_base64(text[start : start + _PIECE], strict_mode=True) for start in starts)
