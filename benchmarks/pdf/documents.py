"""PDFs to make searchable: drawn here, or those of a folder."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image

from benchmarks.common import images

_REPORT_PAGES: Final = 10
_SCANNED_PAGES: Final = 2
_LINES: Final = 45
_DPI: Final = 300


@dataclass(frozen=True, slots=True)
class PdfSample:
    """One PDF."""

    name: str
    data: bytes
    pages: int
    born_digital: bool = False


def drawn() -> list[PdfSample]:
    """A report of ten pages of text, and two scanned pages in Group 4 and in JPEG."""
    pages = [Image.fromarray(images.page(seed).pixels) for seed in range(_SCANNED_PAGES)]
    return [
        PdfSample("report", _report(), _REPORT_PAGES, born_digital=True),
        PdfSample("scan, Group 4", _scan([page.convert("1") for page in pages]), _SCANNED_PAGES),
        PdfSample("scan, JPEG", _scan(pages), _SCANNED_PAGES),
    ]


def folder(path: Path) -> list[PdfSample]:
    """The PDFs below ``path``. Raises ValueError if there are none."""
    found = [_load(file) for file in sorted(path.rglob("*.pdf"))]
    if not found:
        raise ValueError(f"{path} has no PDF")
    return found


def _load(file: Path) -> PdfSample:
    with pikepdf.open(file) as pdf:
        return PdfSample(file.name, file.read_bytes(), len(pdf.pages))


def _report() -> bytes:
    choose = random.Random(1)
    pdf = Pdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    for _ in range(_REPORT_PAGES):
        lines = " ".join(f"({images.message(choose)}) Tj T*" for _ in range(_LINES))
        page = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, 595, 842]),
            Contents=pdf.make_stream(f"BT /F 10 Tf 15 TL 60 770 Td {lines} ET".encode()),
            Resources=Dictionary(Font=Dictionary(F=font)),
        )
        pdf.pages.append(pikepdf.Page(page))
    out = io.BytesIO()
    pdf.save(out, compress_streams=True)
    return out.getvalue()


def _scan(pages: list[Image.Image]) -> bytes:
    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=_DPI, save_all=True, append_images=pages[1:])
    return out.getvalue()
