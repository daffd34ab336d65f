"""Damaged and lying documents, made here byte by byte: each stands for a kind of file that has broken some decoder."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from benchmarks.common.sample_files import (
    drawing,
    drawn_pdf,
    encrypted_pdf,
    every_kind,
    frames,
    png_header,
    webp_header,
    with_tag,
    written,
)
from tests.support.drawn_pages import encode

_SHORT, _LONG = 3, 4
"""TIFF's types of one number of 16 and of 32 bits."""


def tiff_of_directories(count: int) -> bytes:
    """A TIFF of nothing but directories that follow each other, each of one tag."""
    size = 2 + 12 + 4
    parts = [b"II*\0" + struct.pack("<I", 8)]
    for number in range(1, count + 1):
        following = 8 + size * number if number < count else 0
        parts.append(struct.pack("<HHHIHHI", 1, 256, _SHORT, 1, 100, 0, following))
    return b"".join(parts)


def tiff_of_huge_tags() -> bytes:
    """A TIFF whose one tag says that its values are gigabytes."""
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIII", 2, 270, 2, 0xFFFFFFF0, 8, 0) + bytes(12)


def tiff_of_tags(tags: dict[int, int], data: bytes = bytes(100)) -> bytes:
    """A grey TIFF of one strip with these tags, whatever they say."""
    body = struct.pack("<H", len(tags))
    for tag, value in sorted(tags.items()):
        body += struct.pack("<HHII", tag, _LONG, 1, value)
    return b"II*\0" + struct.pack("<I", 8) + body + bytes(4) + data


_GOOD_TAGS = {256: 10, 257: 10, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 10, 279: 100}
"""Width, height, depth, compression, meaning, offset, samples, rows, bytes (TIFF 6.0, section 8)."""


def tiff_that_loops() -> bytes:
    """Two frames, of which the second says that the first one follows."""
    tiff = bytearray(frames(2, "raw", "P"))
    (first,) = struct.unpack_from("<I", tiff, 4)
    (entries,) = struct.unpack_from("<H", tiff, first)
    (second,) = struct.unpack_from("<I", tiff, first + 2 + 12 * entries)
    (entries,) = struct.unpack_from("<H", tiff, second)
    struct.pack_into("<I", tiff, second + 2 + 12 * entries, first)
    return bytes(tiff)


def damaged(document: bytes, *, start: float, length: int = 64) -> bytes:
    """``document`` with ``length`` bytes inverted from the given part of it on."""
    at = int(len(document) * start)
    return document[:at] + bytes(255 - value for value in document[at : at + length]) + document[at + length :]


def bmp_of_runs(runs: bytes, width: int = 127, height: int = 64) -> bytes:
    """A BMP of 256 greys whose pixels are these runs (BI_RLE8)."""
    palette = b"".join(bytes([level, level, level, 0]) for level in range(256))
    offset = 14 + 40 + len(palette)
    head = b"BM" + struct.pack("<IHHI", offset + len(runs), 0, 0, offset)
    head += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 2835, 2835, 256, 0)
    return head + palette + runs


def png_of_density(pixels_a_metre: int) -> bytes:
    """A PNG whose pHYs chunk says this density."""
    kind, body = b"pHYs", struct.pack(">IIB", pixels_a_metre, pixels_a_metre, 1)
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    good = encode(drawing("L"))
    after_header = 8 + 25
    return good[:after_header] + chunk + good[after_header:]


def jpeg_with_segment(marker: int, body: bytes, *, after: int | None = None) -> bytes:
    """A JPEG with one more segment, at its start or behind the first one of another marker."""
    good = encode(drawing("RGB"), "JPEG")
    at = 2
    if after is not None:
        at = good.index(bytes([0xFF, after]))
        at += 2 + int(struct.unpack_from(">H", good, at + 2)[0])
    return good[:at] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + good[at:]


def exif_of_resolution(numerator: int, denominator: int, *, offset: int = 26) -> bytes:
    """An Exif segment that says this horizontal resolution, its fraction at ``offset``."""
    entry = struct.pack(">HHII", 0x011A, 5, 1, offset)
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4) + struct.pack(">II", numerator, denominator)
    return b"Exif\0\0" + tiff


def pdf_of_nested_forms() -> bytes:
    """A page drawn by forms that each draw the next one ten times."""
    content = "0 0 10 10 re f "
    for _ in range(6):
        content = f"q 1 0 0 1 1 1 cm {content} Q " * 10 if len(content) < 200_000 else content
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(drawn_pdf())))
    stream = DecodedStreamObject()
    stream.set_data(content.encode())
    writer.pages[0][NameObject("/Contents")] = writer._add_object(stream)
    return written(writer)


def damaged_images() -> dict[str, bytes]:
    """Images of every format that are cut, damaged, or lie about what follows."""
    good = every_kind()
    rows = zlib.compress(bytes(5001) * 1000, 9)
    cut = {name: data[: len(data) // 2] for name, data in good.items()}
    return {
        "png-lie": png_header(2_147_483_647, 2_147_483_647),
        "png-bomb": png_header(40_000, 40_000, depth=1, data=rows),
        "png-short-data": png_header(9000, 9000, data=zlib.compress(bytes(9001) * 10)),
        "png-no-data": png_header(50, 50, data=zlib.compress(b"")),
        "png-not-zlib": png_header(50, 50, data=b"not compressed"),
        "png-text-bomb": good["png-grey"].replace(b"IDAT", b"zTXt", 1),
        "png-signature-and-noise": good["png-grey"][:8] + bytes(range(255, 0, -3)),
        "png-damaged": damaged(good["png-rgb"], start=0.5),
        "png-half": cut["png-rgb"],
        "png-density-zero": png_of_density(0),
        "png-density-huge": png_of_density(0x7FFFFFFF),
        "gif-bomb": b"GIF89a" + struct.pack("<HH", 1, 1) + bytes(3) + b"," + bytes(4) + b"\xff\xff\xff\xff\0\x08\0\0;",
        "gif-without-palette": b"GIF87a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
        "gif-frames-without-palette": b"GIF87a\1\0\1\0\0\0\0" + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0" * 2 + b";",
        "gif-half": cut["gif-frames"],
        "webp-bomb": webp_header(16_000, 6_000),
        "webp-lie": webp_header(16_777_216, 256),
        "webp-half": cut["webp"],
        "bmp-short-data": good["bmp-palette"][:-500],
        "bmp-runs-over-the-row": bmp_of_runs(b"\xff\x01" * 200 + b"\0\1"),
        "bmp-runs-outside": bmp_of_runs(b"\0\2\xff\xff" * 50 + b"\x7f\x01\0\1"),
        "bmp-runs-missing": bmp_of_runs(b"\x10\x20\0"),
        "jpeg-half": cut["jpeg-rgb"],
        "jpeg-progressive-half": cut["jpeg-progressive"],
        "jpeg-damaged": damaged(good["jpeg-rgb"], start=0.7),
        "jpeg-of-markers": b"\xff\xd8" + b"\xff\xe1\xff\xff" * 5000,
        "jpeg-exif-zero-division": jpeg_with_segment(0xE1, exif_of_resolution(72, 0)),
        "jpeg-exif-outside": jpeg_with_segment(0xE1, exif_of_resolution(72, 1, offset=0xFFFFFF00)),
        "jpeg-exif-no-directory": jpeg_with_segment(0xE1, b"Exif\0\0" + bytes(4) + b"\xff" * 4 + bytes(20)),
        "jpeg-icc-after-frame": jpeg_with_segment(0xE2, b"ICC_PROFILE\0\1\1profile", after=0xC0),
        "jp2-half": cut["jp2"],
        "jp2-damaged": damaged(good["jp2"], start=0.4),
        "jp2-grey-damaged": damaged(good["jp2-grey"], start=0.5),
        "avif-half": cut["avif"],
        "avif-damaged": damaged(good["avif"], start=0.6),
        **damaged_tiffs(good),
    }


def damaged_tiffs(good: dict[str, bytes]) -> dict[str, bytes]:
    """TIFFs whose tags lie, lead in circles or are missing."""
    without_size = {tag: value for tag, value in _GOOD_TAGS.items() if tag not in (256, 257)}
    return {
        "tiff-bomb": with_tag(with_tag(frames(1, "tiff_lzw"), 256, 60_000), 257, 60_000),
        "tiff-rows-lie": with_tag(frames(1, "tiff_lzw"), 278, 60_000),
        "tiff-many-samples": with_tag(frames(1, "tiff_lzw", "RGB"), 277, 60_000),
        "tiff-samples-of-gigabytes": tiff_of_tags({**_GOOD_TAGS, 277: 303_000_000}),
        "tiff-strip-outside": tiff_of_tags({**_GOOD_TAGS, 273: 0xFFFFFF00}),
        "tiff-strip-of-gigabytes": tiff_of_tags({**_GOOD_TAGS, 259: 5, 279: 0xFFFFFF00}),
        "tiff-without-size": tiff_of_tags(without_size),
        "tiff-of-no-size": tiff_of_tags({**_GOOD_TAGS, 256: 0}),
        "tiff-huge-tags": tiff_of_huge_tags(),
        "tiff-directories": tiff_of_directories(20_000),
        "tiff-loop": tiff_that_loops(),
        "tiff-half": good["tiff-lab"][: len(good["tiff-lab"]) // 2],
        "tiff-jpeg-damaged": damaged(good["tiff-jpeg"], start=0.3),
        "tiff-group4-damaged": damaged(good["tiff-group4"], start=0.7, length=16),
    }


def damaged_pdfs() -> dict[str, bytes]:
    """PDFs that are cut, locked, endless or larger than any page."""
    scans = every_kind()["pdf-scans"]
    deep = b"%PDF-1.4\n1 0 obj " + b"[" * 100_000 + b"]" * 100_000 + b" endobj\ntrailer <</Root 1 0 R>>\n"
    loop = (
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[2 0 R]/Count 9>> endobj\n"
    )
    return {
        "pdf-encrypted": encrypted_pdf(),
        "pdf-half": scans[: len(scans) // 2],
        "pdf-rubbish": b"%PDF-1.7\n" + b"rubbish " * 1000,
        "pdf-deep": deep,
        "pdf-loop": loop,
        "pdf-no-pages": written(PdfWriter()),
        "pdf-huge-page": drawn_pdf(size=(1e9, 1e9)),
        "pdf-large-page": drawn_pdf(size=(14_400, 14_400)),
        "pdf-much-drawn": pdf_of_nested_forms(),
    }


def extreme_pages() -> dict[str, bytes]:
    """Files that are no document, and documents at the ends of what is allowed."""
    return {
        "empty": b"",
        "html": b"<html><body>not an image</body></html>",
        "photoshop": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 5, 1, 1, 8, 3) + bytes(500),
        "negative-pnm": b"P6\n-5 -5\n255\n" + bytes(75),
        "pnm-of-gigabytes": b"P6\n2147483648 3 255\n",
        "plain-pnm-of-words": b"P2 100 100 255 " + b"many words " * 100,
        "one-pixel": encode(Image.new("L", (1, 1))),
        "strip": encode(Image.new("L", (1, 30_000))),
        "line": encode(Image.new("L", (30_000, 1))),
        "blank": encode(Image.new("L", (2480, 3508), 255)),
        "black": encode(Image.new("1", (2480, 3508))),
        "dpi-zero": encode(drawing("RGB"), "TIFF", dpi=(0, 0)),
        "dpi-huge": encode(drawing("RGB"), dpi=(100_000, 100_000)),
        "jpeg-called-png": encode(drawing("RGB"), "JPEG"),
    }


def hostile_files() -> dict[str, bytes]:
    """All of them by name."""
    return {**extreme_pages(), **damaged_images(), **damaged_pdfs()}
