"""A PDF written with its streams packed as well as Flate can, and its objects in object streams."""

from __future__ import annotations

import io
import zlib
from typing import Any, Final

from pikepdf import Array, Name, Object, ObjectStreamMode, Pdf, Stream

_BEST: Final = 9
"""Of zlib's levels."""
_MAX_BYTES: Final = 256 << 20
"""Of a decompressed stream; larger ones stay as they are."""
_FLATE: Final = (Name.FlateDecode, Array([Name.FlateDecode]))


def repacked(pdf: Pdf) -> bytes:
    """The PDF; what it shows, and every pixel of its images, stays the same. Its encryption stays."""
    for found in pdf.objects:
        if isinstance(found, Stream) and found.get("/Filter") in _FLATE:
            _pack(found)
    out = io.BytesIO()
    options: dict[str, Any] = {
        "object_stream_mode": ObjectStreamMode.generate,
        "compress_streams": True,
        "fix_metadata_version": False,
    }
    pdf.trailer["/Size"] = len(pdf.objects)  # qpdf writes the right number, but only in place of another one
    options["encryption" if pdf.is_encrypted else "deterministic_id"] = True
    pdf.save(out, **options)
    return out.getvalue()


def _pack(stream: Object) -> None:
    """Compress a stream again if that saves anything; predictors stay as they are."""
    raw = stream.read_raw_bytes()
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(raw, _MAX_BYTES)
    except zlib.error:
        return
    if not decompressor.eof:
        return
    parameters: Any = stream.get("/DecodeParms")
    packed = zlib.compress(data, _BEST)
    if len(packed) < len(raw):
        stream.write(packed, filter=Name.FlateDecode, decode_parms=parameters)
