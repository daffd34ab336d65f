"""The image of a scan, as PDFs may hold it."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name, Object, Pdf
from PIL import Image

from tests.transformer.formats import drawn
from transformer.formats.pdf.images.encoding import group4


@functools.cache
def picture() -> Image.Image:
    """Three lines of text, gray."""
    return drawn.draw()[0]


def bilevel() -> NDArray[np.uint8]:
    return np.where(np.asarray(picture()) < 128, 0, 255).astype(np.uint8)


def image_object(pdf: Pdf, data: bytes, **entries: Any) -> Object:
    values = {"Width": 1000, "Height": 500, "BitsPerComponent": 8, "ColorSpace": Name.DeviceGray} | entries
    return pdf.make_stream(data, Type=Name.XObject, Subtype=Name.Image, **values)


def gray(pdf: Pdf, **entries: Any) -> Object:
    return image_object(pdf, zlib.compress(picture().tobytes()), Filter=Name.FlateDecode, **entries)


def jpeg(pdf: Pdf, mode: str = "L", **entries: Any) -> Object:
    file = io.BytesIO()
    picture().convert("RGB").convert(mode).save(file, "JPEG", quality=85)
    space = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}[mode]
    return image_object(pdf, file.getvalue(), ColorSpace=space, Filter=Name.DCTDecode, **entries)


def fax(pdf: Pdf, **entries: Any) -> Object:
    parameters = Dictionary(K=-1, BlackIs1=True, Columns=1000, Rows=500)
    data = group4(bilevel()).data
    return image_object(pdf, data, BitsPerComponent=1, Filter=Name.CCITTFaxDecode, DecodeParms=parameters, **entries)


def jbig2(pixels: NDArray[np.uint8], *, complete: bool = True) -> bytes:
    """Pixels of 0 and 255 as an embedded JBIG2 stream: a page and a generic region in MMR (ITU-T T.88, 7.4).

    ``complete=False`` gives a region of a type that no decoder knows.
    """
    height, width = pixels.shape
    region = struct.pack(">IIIIB", width, height, 0, 0, 0) + b"\x01" + group4(255 - pixels).data
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    segments = ((0, 48, page), (1, 38 if complete else 61, region))
    return b"".join(struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data for number, kind, data in segments)


def jbig2_image(pdf: Pdf, *, complete: bool = True) -> Object:
    data = jbig2(bilevel(), complete=complete)
    return image_object(pdf, data, BitsPerComponent=1, Filter=Name.JBIG2Decode)


def palette(pdf: Pdf) -> Object:
    space = Array([Name.Indexed, Name.DeviceRGB, 255, bytes(value for level in range(256) for value in [level] * 3)])
    return gray(pdf, ColorSpace=space)


def stencil(pdf: Pdf) -> Object:
    data = group4(bilevel()).data
    parameters = Dictionary(K=-1, BlackIs1=False, Columns=1000, Rows=500)
    return pdf.make_stream(
        data, Type=Name.XObject, Subtype=Name.Image, Width=1000, Height=500, BitsPerComponent=1, ImageMask=True,
        Filter=Name.CCITTFaxDecode, DecodeParms=parameters,
    )  # fmt: skip


def soft_mask(pdf: Pdf) -> Object:
    mask = image_object(pdf, zlib.compress(np.asarray(255 - np.asarray(picture())).tobytes()), Filter=Name.FlateDecode)
    black = image_object(pdf, zlib.compress(bytes(1000 * 500)), Filter=Name.FlateDecode)
    black.SMask = mask
    return black


def explicit_mask(pdf: Pdf) -> Object:
    mask = stencil(pdf)
    mask.DecodeParms.BlackIs1 = True
    mask.Decode = Array([1, 0])
    return image_object(pdf, zlib.compress(bytes(1000 * 500)), Filter=Name.FlateDecode, Mask=mask)


def separation(pdf: Pdf) -> Object:
    function = Dictionary(FunctionType=2, Domain=Array([0, 1]), C0=Array([0, 0, 0, 0]), C1=Array([0, 0, 0, 1]), N=1)
    space = Array([Name.Separation, Name.Black, Name.DeviceCMYK, function])
    return gray(pdf, ColorSpace=space, Decode=Array([1, 0]))
