"""Numpy arrays as MessagePack extensions: large ones are parts of the frame, small ones are in the extension itself."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from msgspec.msgpack import Ext
from numpy.typing import NDArray

from kserve_ocr.workers.wire.frames import Part

EXTENSION: Final = 1
"""Code of the extension."""
_DTYPES: Final = tuple(np.dtype(name) for name in ("|b1", "|u1", "<u2", "<i4", "<i8", "<f4", "<f8"))
_HEAD: Final = struct.Struct("<iBB")
"""The part that holds the elements or -1, the number of the dtype, the number of dimensions; each side follows."""
_MAX_DIMENSIONS: Final = 8
_INLINE_BYTES: Final = 4096


def encode(array: NDArray[Any], parts: list[Part]) -> Ext:
    """The extension for an array, its elements added to ``parts`` if they are many. Raises TypeError for its dtype."""
    if array.dtype not in _DTYPES or array.ndim > _MAX_DIMENSIONS:
        raise TypeError(f"an array of {array.ndim} dimensions and dtype {array.dtype} cannot be sent")
    elements = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    inline = len(elements) <= _INLINE_BYTES
    head = _HEAD.pack(-1 if inline else len(parts), _DTYPES.index(array.dtype), array.ndim)
    head += struct.pack(f"<{array.ndim}Q", *array.shape)
    if inline:
        return Ext(EXTENSION, head + elements)
    parts.append(elements)
    return Ext(EXTENSION, head)


def decode(code: int, data: memoryview, parts: Sequence[memoryview]) -> NDArray[Any]:
    """The array of an extension, a read-only view. Raises ValueError unless its size is that of its elements."""
    if code != EXTENSION:
        raise ValueError(f"unknown extension {code}")
    try:
        index, number, dimensions = _HEAD.unpack_from(data)
        shape = struct.unpack_from(f"<{min(dimensions, _MAX_DIMENSIONS)}Q", data, _HEAD.size)
        dtype = _DTYPES[number]
        elements = data[_HEAD.size + 8 * dimensions :].tobytes() if index == -1 else parts[index]
    except (struct.error, IndexError):
        raise ValueError("the header of an array is wrong") from None
    if index < -1 or dimensions > _MAX_DIMENSIONS or math.prod(shape) * dtype.itemsize != len(elements):
        raise ValueError(f"an array of shape {shape} and dtype {dtype} does not have {len(elements)} bytes")
    return np.frombuffer(elements, dtype).reshape(shape)
