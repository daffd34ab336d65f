"""Streams of text layers, compressed."""

from __future__ import annotations

import zlib


def compress(data: bytes) -> bytes:
    """The zlib stream of ``data``; equal data give equal bytes."""
    return zlib.compress(data, 9)
