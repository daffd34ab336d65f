"""Documents of every kind that the transformer takes, drawn small, for tests of decoding and for the fuzzer."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageDraw, ImageFont, TiffImagePlugin
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

TIFF_COMPRESSIONS = {
    "raw": "1",
    "group3": "1",
    "group4": "1",
    "tiff_ccitt": "1",
    "tiff_lzw": "RGB",
    "tiff_adobe_deflate": "RGB",
    "packbits": "L",
    "jpeg": "RGB",
}
"""Pillow's name of each compression, and a mode that it takes."""


def _file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def heif(*images: Image.Image) -> bytes:
    """A HEIC file with these pictures, as telephones write them."""
    file = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for image in images:
        file.add_from_pillow(image)
    out = io.BytesIO()
    file.save(out, quality=90)
    return out.getvalue()


def drawing(mode: str = "L", size: tuple[int, int] = (120, 80), text: str = "Ab1") -> Image.Image:
    """Dark red text on white, in any mode that Pillow can convert to."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((8, 4), text, font=ImageFont.load_default(size=40), fill=(120, 0, 0))
    match mode:
        case "RGB":
            return image
        case "LAB":
            to_lab = ImageCms.buildTransform(
                ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
            )
            turned = ImageCms.applyTransform(image, to_lab)
            assert turned is not None
            return turned
        case "I;16":
            return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        case "1":
            return image.convert("L").point(lambda level: 255 * (level > 128)).convert("1")
        case _:
            return image.convert(mode)


def frames(count: int, compression: str = "raw", mode: str = "L", **options: Any) -> bytes:
    """A TIFF of ``count`` frames, each with its number drawn on it."""
    images = [drawing(mode, text=str(number)) for number in range(1, count + 1)]
    more = {} if compression == "raw" else {"compression": compression}
    return _file(images[0], "TIFF", save_all=True, append_images=images[1:], **more, **options)


def scans(count: int, *, dpi: int = 150, mode: str = "L") -> bytes:
    """A PDF of scans."""
    images = [drawing(mode, text=str(number)) for number in range(1, count + 1)]
    return _file(images[0], "PDF", save_all=True, append_images=images[1:], resolution=dpi)


def drawn_pdf(
    *,
    size: tuple[float, float] = (288, 144),
    texts: Sequence[str] = ("Drawn words",),
    rotate: int = 0,
    background: Image.Image | None = None,
    invisible: bool = False,
) -> bytes:
    """A PDF with a page for each text, over a background image that fills the page."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in texts:
        page = writer.add_blank_page(*size)
        resources = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F"): font})})
        content = f"BT /F 24 Tf {3 if invisible else 0} Tr 20 60 Td ({text}) Tj ET"
        if background is not None:
            picture = DecodedStreamObject()
            picture.set_data(background.convert("L").tobytes())
            picture.update(
                {
                    NameObject("/Type"): NameObject("/XObject"),
                    NameObject("/Subtype"): NameObject("/Image"),
                    NameObject("/Width"): NumberObject(background.width),
                    NameObject("/Height"): NumberObject(background.height),
                    NameObject("/ColorSpace"): NameObject("/DeviceGray"),
                    NameObject("/BitsPerComponent"): NumberObject(8),
                }
            )
            resources[NameObject("/XObject")] = DictionaryObject({NameObject("/I"): writer._add_object(picture)})
            content = f"q {size[0]} 0 0 {size[1]} 0 0 cm /I Do Q {content}"
        page[NameObject("/Resources")] = resources
        stream = DecodedStreamObject()
        stream.set_data(content.encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        if rotate:
            page.rotate(rotate)
    return written(writer)


def form_pdf() -> bytes:
    """A PDF of one page with nothing on it but a form field (a bar at the left), a stamp (at the right) and scripts."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(drawn_pdf(texts=[""]))))
    appearance = DecodedStreamObject()
    appearance.set_data(b"0 0 0 rg 0 0 100 20 re f")
    appearance.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): _rectangle(0, 0, 100, 20),
        }
    )
    looks = DictionaryObject({NameObject("/N"): writer._add_object(appearance)})
    script = DictionaryObject(
        {
            NameObject("/S"): NameObject("/JavaScript"),
            NameObject("/JS"): TextStringObject("while (true) { app.alert('still here'); }"),
        }
    )
    field = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Tx"),
            NameObject("/T"): TextStringObject("name"),
            NameObject("/V"): TextStringObject("Filled"),
            NameObject("/Rect"): _rectangle(20, 20, 120, 40),
            NameObject("/AP"): looks,
            NameObject("/F"): NumberObject(4),
            NameObject("/AA"): DictionaryObject({NameObject("/F"): script}),
        }
    )
    stamp = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Stamp"),
            NameObject("/Rect"): _rectangle(160, 20, 260, 40),
            NameObject("/AP"): looks,
            NameObject("/F"): NumberObject(4),
        }
    )
    reference = writer._add_object(field)
    writer.pages[0][NameObject("/Annots")] = ArrayObject([reference, writer._add_object(stamp)])
    writer._root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject([reference])})
    writer._root_object[NameObject("/OpenAction")] = script
    return written(writer)


def _rectangle(*corners: float) -> ArrayObject:
    return ArrayObject(FloatObject(number) for number in corners)


def encrypted_pdf(*, user_password: str = "secret") -> bytes:
    """A PDF that only a password opens; none is needed with an empty one."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(drawn_pdf())))
    writer.encrypt(user_password=user_password, owner_password="owner", algorithm="RC4-128")
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def png_header(width: int, height: int, *, depth: int = 8, colour: int = 0, data: bytes = b"") -> bytes:
    """A PNG that says it has this size, with whatever compressed data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiled_tiff(image: Image.Image, side: int = 64) -> bytes:
    """A grey image as an uncompressed TIFF of square tiles, the last ones over its edges (TIFF 6.0, section 15)."""
    pixels = np.asarray(image)
    height, width = pixels.shape
    padded = np.pad(pixels, ((0, -height % side), (0, -width % side)))
    rows, columns = padded.shape[0] // side, padded.shape[1] // side
    tiles = padded.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows * columns, side * side)
    count, start = len(tiles), 8
    offsets_at = start + tiles.nbytes
    sizes_at = offsets_at + 4 * count
    offsets = struct.pack(f"<{count}I", *range(start, offsets_at, side * side))
    sizes = struct.pack(f"<{count}I", *[side * side] * count)
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (277, 1), (322, side), (323, side)]
    directory = struct.pack("<H", len(entries) + 2)
    directory += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    directory += struct.pack("<HHII", 324, 4, count, offsets_at) + struct.pack("<HHII", 325, 4, count, sizes_at)
    head = b"II*\0" + struct.pack("<I", sizes_at + 4 * count)
    return head + tiles.tobytes() + offsets + sizes + directory + bytes(4)


def webp_header(width: int, height: int) -> bytes:
    """An extended WebP with that canvas and nothing on it."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def with_tag(tiff: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF whose tag, a short integer that is there already, has another value in every frame."""
    changed, entry, at = bytearray(tiff), struct.pack("<HHI", tag, 3, 1), -1
    while (at := tiff.find(entry, at + 1)) >= 0:
        struct.pack_into("<H", changed, at + len(entry), value)
    assert changed != tiff or struct.pack("<HHIH", tag, 3, 1, value) in tiff
    return bytes(changed)


@functools.cache
def every_kind() -> dict[str, bytes]:
    """Small good documents of every kind and form. They are drawn once: do not change the dictionary."""
    tagged = TiffImagePlugin.ImageFileDirectory_v2()
    tagged[274] = 6
    exif = Image.Exif()
    exif[274] = 6
    multi = drawing("P"), drawing("P", text="2")
    found = {
        "png-grey": _file(drawing("L")),
        "png-rgb": _file(drawing("RGB"), dpi=(300, 300)),
        "png-rgba": _file(drawing("RGBA")),
        "png-palette": _file(drawing("P"), transparency=0),
        "png-16": _file(drawing("I;16")),
        "png-1": _file(drawing("1")),
        "png-exif": _file(drawing("RGB"), exif=exif),
        "jpeg-grey": _file(drawing("L"), "JPEG"),
        "jpeg-rgb": _file(drawing("RGB"), "JPEG", exif=exif, dpi=(200, 200)),
        "jpeg-progressive": _file(drawing("RGB"), "JPEG", progressive=True),
        "jpeg-cmyk": _file(drawing("CMYK"), "JPEG"),
        "webp": _file(drawing("RGB"), "WEBP"),
        "webp-lossless": _file(drawing("RGBA"), "WEBP", lossless=True, exif=exif),
        "webp-frames": _file(multi[0].convert("RGB"), "WEBP", save_all=True, append_images=[multi[1].convert("RGB")]),
        "bmp": _file(drawing("RGB"), "BMP"),
        "bmp-palette": _file(drawing("P"), "BMP"),
        "bmp-1": _file(drawing("1"), "BMP"),
        "gif": _file(drawing("P"), "GIF"),
        "gif-frames": _file(multi[0], "GIF", save_all=True, append_images=[multi[1]], transparency=0),
        "jp2": _file(drawing("RGB"), "JPEG2000"),
        "jp2-grey": _file(drawing("L"), "JPEG2000", no_jp2=True),
        "avif": _file(drawing("RGB"), "AVIF"),
        "heif": heif(drawing("RGB")),
        "pnm-grey": _file(drawing("L"), "PPM"),
        "pnm-1": _file(drawing("1"), "PPM"),
        "tiff-16": _file(drawing("I;16"), "TIFF"),
        "tiff-float": _file(drawing("F"), "TIFF"),
        "tiff-cmyk": _file(drawing("CMYK"), "TIFF", compression="tiff_lzw"),
        "tiff-lab": _file(drawing("LAB"), "TIFF"),
        "tiff-ycbcr": _file(drawing("YCbCr"), "TIFF"),
        "tiff-palette": _file(drawing("P"), "TIFF"),
        "tiff-alpha": _file(drawing("RGBA"), "TIFF"),
        "tiff-turned": _file(drawing("L"), "TIFF", tiffinfo=tagged),
        "tiff-strips": _file(drawing("L"), "TIFF", compression="tiff_lzw", strip_size=500),
        "tiff-tiled": tiled_tiff(drawing("L")),
        "tiff-big": _file(drawing("L"), "TIFF", big_tiff=True),
        "pdf-scans": scans(2),
        "pdf-scan-1": scans(1, mode="1"),
        "pdf-drawn": drawn_pdf(texts=["One", "Two"], rotate=90),
        "pdf-layered": drawn_pdf(background=drawing("L", (300, 150)), invisible=True),
        "pdf-form": form_pdf(),
        "pdf-encrypted": encrypted_pdf(user_password=""),
    }
    for compression, mode in TIFF_COMPRESSIONS.items():
        found[f"tiff-{compression}"] = frames(2, compression, mode)
    return found
