"""Compressed bodies (RFC 9110, 8.4): requests decoded piece by piece, responses encoded as the client accepts."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import Final

import zstandard

from kserve_ocr.protocol.errors import MalformedRequestError, UnsupportedDocumentError

PIECE: Final = 1 << 20
"""Most bytes of one decoded piece."""
_DAMAGED: Final = "the body is not valid {}; send it again, or without a Content-Encoding"
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15
_LEVEL: Final = 4
"""Of gzip and deflate: half of the best level's time, a tenth more bytes."""


def names_of(header: str) -> list[str]:
    """The encodings of a ``Content-Encoding`` header in the order in which they were applied, identity left out."""
    found = (name.strip().lower().removeprefix("x-") for name in header.split(","))
    return [name for name in found if name not in {"", "identity"}]


def decode(body: bytes, encoding: str) -> Iterator[bytes]:
    """The decoded body in pieces of at most :data:`PIECE` bytes, so that a caller can stop at a limit.

    Raises UnsupportedDocumentError for an encoding that is not known, MalformedRequestError for damaged data.
    """
    match encoding:
        case "gzip":
            return _inflate(body, _GZIP_BITS, encoding)
        case "deflate":
            # RFC 9110 means the zlib format; some clients send the bare stream.
            is_zlib = len(body) >= 2 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
            return _inflate(body, _ZLIB_BITS if is_zlib else _RAW_BITS, encoding)
        case "zstd":
            return _unzstd(body)
    raise UnsupportedDocumentError(f"Content-Encoding '{encoding[:40]}' is not supported; send gzip, deflate or zstd")


def _inflate(body: bytes, bits: int, encoding: str) -> Iterator[bytes]:
    rest = body
    while rest:
        decoder = zlib.decompressobj(bits)
        while not decoder.eof:
            try:
                piece = decoder.decompress(rest, PIECE)
            except zlib.error:
                raise MalformedRequestError(_DAMAGED.format(encoding)) from None
            rest = decoder.unconsumed_tail
            if not piece and not rest and not decoder.eof:
                raise MalformedRequestError(_DAMAGED.format(encoding))
            yield piece
        rest = decoder.unused_data  # gzip files may be joined end to end


def _unzstd(body: bytes) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body, read_across_frames=True)
    while True:
        try:
            piece = reader.read(PIECE)
        except zstandard.ZstdError:
            raise MalformedRequestError(_DAMAGED.format("zstd")) from None
        if not piece:
            return
        yield piece


def accepted(header: str) -> str | None:
    """The encoding to use for an ``Accept-Encoding`` header: zstd, gzip, deflate, or None."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weight = parameter.strip().removeprefix("q=")
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    best = max(("zstd", "gzip", "deflate"), key=lambda name: weights.get(name, 0.0))
    return best if weights.get(best, 0.0) > 0 else None


def encode(body: bytes, encoding: str) -> bytes:
    """The body in one of the encodings of :func:`accepted`."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    return gzip.compress(body, _LEVEL, mtime=0) if encoding == "gzip" else zlib.compress(body, _LEVEL)
