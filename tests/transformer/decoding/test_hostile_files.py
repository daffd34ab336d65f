"""Documents made to break decoders: each gives pages or a 4xx with a sentence, in little memory, and no dead worker.

Every file in documents/hostile of the folder that OCR_SHARED names is sent as well.
"""

from __future__ import annotations

import asyncio
import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
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
from kserve_ocr.protocol.errors import OcrError
from tests.shared import shared
from tests.support.drawn_pages import encode
from transformer.pipeline.decode_pool import DocumentOptions, DocumentReader
from transformer.settings import TransformerSettings

MOST_MEBIBYTES = 512


def tiff_of_directories(count: int) -> bytes:
    """A TIFF of nothing but directories that follow each other, each of one tag."""
    size = 2 + 12 + 4
    parts = [b"II*\0" + struct.pack("<I", 8)]
    for number in range(1, count + 1):
        following = 8 + size * number if number < count else 0
        parts.append(struct.pack("<HHHIHHI", 1, 256, 3, 1, 100, 0, following))
    return b"".join(parts)


def tiff_of_huge_tags() -> bytes:
    """A TIFF whose one tag says that its values are gigabytes."""
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIII", 2, 270, 2, 0xFFFFFFF0, 8, 0) + bytes(12)


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


def generated() -> dict[str, bytes]:
    """Our own hostile documents."""
    good = every_kind()
    rows = zlib.compress(bytes(5001) * 1000, 9)
    deep = b"%PDF-1.4\n1 0 obj " + b"[" * 100_000 + b"]" * 100_000 + b" endobj\ntrailer <</Root 1 0 R>>\n"
    loop = (
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[2 0 R]/Count 9>> endobj\n"
    )
    return {
        "empty": b"",
        "html": b"<html><body>not an image</body></html>",
        "photoshop": b"8BPS\0\1" + bytes(500),
        "negative-pnm": b"P6\n-5 -5\n255\n" + bytes(75),
        "plain-pnm-of-words": b"P2 100 100 255 " + b"many words " * 100,
        "one-pixel": encode(Image.new("L", (1, 1))),
        "strip": encode(Image.new("L", (1, 30_000))),
        "line": encode(Image.new("L", (30_000, 1))),
        "blank": encode(Image.new("L", (2480, 3508), 255)),
        "black": encode(Image.new("1", (2480, 3508))),
        "dpi-zero": encode(drawing("RGB"), "TIFF", dpi=(0, 0)),
        "dpi-huge": encode(drawing("RGB"), dpi=(100_000, 100_000)),
        "lying-name": good["jpeg-rgb"],
        "png-lie": png_header(2_147_483_647, 2_147_483_647),
        "png-bomb": png_header(40_000, 40_000, depth=1, data=rows),
        "png-short-data": png_header(9000, 9000, data=zlib.compress(bytes(9001) * 10)),
        "png-no-data": png_header(50, 50, data=zlib.compress(b"")),
        "png-not-zlib": png_header(50, 50, data=b"not compressed"),
        "png-text-bomb": good["png-grey"].replace(b"IDAT", b"zTXt", 1),
        "gif-bomb": b"GIF89a" + struct.pack("<HH", 1, 1) + bytes(3) + b"," + bytes(4) + b"\xff\xff\xff\xff\0\x08\0\0;",
        "gif-without-palette": b"GIF87a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
        "webp-bomb": webp_header(16_000, 6_000),
        "webp-lie": webp_header(16_777_216, 256),
        "bmp-bad-runs": good["bmp-palette"].replace(struct.pack("<I", 40), struct.pack("<I", 40), 1)[:-500],
        "jpeg-half": good["jpeg-rgb"][: len(good["jpeg-rgb"]) // 2],
        "jpeg-of-markers": b"\xff\xd8" + b"\xff\xe1\xff\xff" * 5000,
        "jp2-half": good["jp2"][: len(good["jp2"]) // 2],
        "avif-half": good["avif"][: len(good["avif"]) // 2],
        "tiff-bomb": with_tag(with_tag(frames(1, "tiff_lzw"), 256, 60_000), 257, 60_000),
        "tiff-rows-lie": with_tag(frames(1, "tiff_lzw"), 278, 60_000),
        "tiff-many-samples": with_tag(frames(1, "tiff_lzw", "RGB"), 277, 60_000),
        "tiff-huge-tags": tiff_of_huge_tags(),
        "tiff-directories": tiff_of_directories(20_000),
        "tiff-half": good["tiff-lab"][: len(good["tiff-lab"]) // 2],
        "pdf-encrypted": encrypted_pdf(),
        "pdf-half": good["pdf-scans"][: len(good["pdf-scans"]) // 2],
        "pdf-rubbish": b"%PDF-1.7\n" + b"rubbish " * 1000,
        "pdf-deep": deep,
        "pdf-loop": loop,
        "pdf-no-pages": written(PdfWriter()),
        "pdf-huge-page": drawn_pdf(size=(1e9, 1e9)),
        "pdf-large-page": drawn_pdf(size=(14_400, 14_400)),
        "pdf-much-drawn": pdf_of_nested_forms(),
    }


@pytest.fixture(scope="module")
def reader() -> Iterator[tuple[asyncio.Runner, DocumentReader]]:
    settings = TransformerSettings.from_environment({"OCR_DECODERS": "2", "OCR_DECODE_SECONDS": "20"})
    with asyncio.Runner() as runner:
        started = DocumentReader(settings)
        runner.run(started.start())
        yield runner, started
        runner.run(started.stop(grace=5))


def peak_mebibytes(pid: int) -> int:
    """The most memory that a process has ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


async def answer(decoders: DocumentReader, document: bytes) -> tuple[int, int | str]:
    """200 and the number of pages, or an error's status and sentence."""
    try:
        async with aclosing(decoders.pages(document, DocumentOptions(keep_original=True))) as pages:
            return 200, len([page async for page in pages])
    except OcrError as error:
        return error.status, error.sentence


DOCUMENTS = generated()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_gives_pages_or_a_sentence(name: str, reader: tuple[asyncio.Runner, DocumentReader]) -> None:
    check(DOCUMENTS[name], *reader)


def test_files_that_others_met_give_pages_or_a_sentence(reader: tuple[asyncio.Runner, DocumentReader]) -> None:
    for path in sorted(shared("documents", "hostile").iterdir()):
        if path.suffix != ".tsv":
            check(path.read_bytes(), *reader)


def check(document: bytes, runner: asyncio.Runner, decoders: DocumentReader) -> None:
    """The document has an answer within the limits, and the same workers then read a good one."""
    workers = decoders.pids
    status, found = runner.run(answer(decoders, document))
    if isinstance(found, str):
        assert 400 <= status < 500, found
        assert re.search(r"; (send|save) ", found), found
    else:
        assert found >= 1
    assert decoders.pids == workers, "a worker had to be replaced"
    assert sum(peak_mebibytes(pid) for pid in workers) < MOST_MEBIBYTES
    assert runner.run(answer(decoders, encode(drawing()))) == (200, 1)
