"""The ``pdf`` output: every page's image with the text that was read invisibly over it (ISO 32000-1)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.common import number
from transformer.formats.pdf.glyphless_font import GlyphlessFont, compress, font_program
from transformer.formats.pdf.page_image import PageImage
from transformer.formats.pdf.text_layer import paragraph_operators

DEFAULT_DPI: Final = 300
POINTS_PER_INCH: Final = 72
LONGEST_SIDE: Final = 14_400
"""Points; what readers take for the longest side of a page."""

_SPACES: Final = {1: "DeviceGray", 3: "DeviceRGB", 4: "DeviceCMYK"}
_CATALOG, _PAGES, _RESOURCES, _TO_UNICODE, _CID_TO_GID, _FONT_FILE, _INFO = range(1, 8)

# Where an image of the unit square goes on a page of 1 by 1, as PDF's a b c d e f, by EXIF orientation. Columns are
# scaled by the page's width and height later.
_ORIENTED: Final = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page to write."""

    layout: PageLayout
    """In pixels of the page as shown, that is after ``image.orientation``."""
    image: PageImage
    dpi: int | None = None
    """Pixels per inch, which give the paper size; None for :data:`DEFAULT_DPI`."""


def pdf(pages: Iterable[PdfPage]) -> bytes:
    """The searchable PDF of all pages. Equal pages give equal bytes."""
    out = io.BytesIO()
    writer = PdfWriter(out)
    for page in pages:
        writer.add(page)
    writer.finish()
    return out.getvalue()


class PdfWriter:
    """Writes page by page to a binary stream and keeps nothing of a page but its place and its characters."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._position = 0
        self._digest = hashlib.md5(usedforsecurity=False)
        self._offsets: dict[int, int] = {}
        self._next = _INFO + 1
        self._kids: list[int] = []
        self._font = GlyphlessFont()
        # The comment of high bytes tells transfer programs that the file is binary.
        self._write(b"%PDF-1.5\n%\xc2\xb5\xc2\xb6\n")

    def add(self, page: PdfPage) -> None:
        """Write one page."""
        image, content, leaf = self._reserve(3)
        self._stream(image, _image_entries(page.image), page.image.data)
        scale = _points_per_pixel(page)
        self._stream(content, "/Filter /FlateDecode", compress(self._content(page, scale)))
        width, height = number(page.layout.width * scale, 4), number(page.layout.height * scale, 4)
        self._object(
            leaf,
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {width} {height}] /Contents {content} 0 R "
            f"/Resources << /Font {_RESOURCES} 0 R /XObject << /Im {image} 0 R >> >> >>",
        )
        self._kids.append(leaf)

    def finish(self) -> None:
        """Write the font, the page tree and the cross-reference table."""
        self._write_fonts()
        kids = " ".join(f"{kid} 0 R" for kid in self._kids)
        self._object(_PAGES, f"<< /Type /Pages /Count {len(self._kids)} /Kids [{kids}] >>")
        self._object(_CATALOG, f"<< /Type /Catalog /Pages {_PAGES} 0 R >>")
        self._object(_INFO, "<< /Producer (kserve-ocr) >>")
        start, count = self._position, self._next
        rows = "".join(f"{self._offsets[key]:010d} 00000 n \n" for key in range(1, count))
        name = self._digest.hexdigest()
        self._write(
            f"xref\n0 {count}\n0000000000 65535 f \n{rows}"
            f"trailer\n<< /Size {count} /Root {_CATALOG} 0 R /Info {_INFO} 0 R /ID [<{name}> <{name}>] >>\n"
            f"startxref\n{start}\n%%EOF\n".encode()
        )

    def _content(self, page: PdfPage, scale: float) -> bytes:
        layout = page.layout
        a, b, c, d, e, f = _ORIENTED[page.image.orientation]
        width, height = layout.width, layout.height
        out = [
            # From here on a unit is a pixel, with y growing upwards.
            f"q {number(scale, 6)} 0 0 {number(scale, 6)} 0 0 cm",
            f"q {a * width} {b * height} {c * width} {d * height} {e * width} {f * height} cm /Im Do Q",
            "BT 3 Tr",
        ]
        for block in layout.blocks:
            for paragraph in block.paragraphs:
                out += paragraph_operators(paragraph, page_height=height, font=self._font)
        out.append("ET Q")
        return "\n".join(out).encode()

    def _write_fonts(self) -> None:
        font = self._font
        names = []
        for name, face in font.faces.items():
            type0, cid_font, descriptor = self._reserve(3)
            self._object(type0, font.type0(cid_font, _TO_UNICODE))
            self._object(cid_font, font.cid_font(descriptor, _CID_TO_GID))
            self._object(descriptor, font.descriptor(face, _FONT_FILE))
            names.append(f"/{name} {type0} 0 R")
        self._object(_RESOURCES, f"<< {' '.join(names)} >>")
        self._stream(_TO_UNICODE, "/Filter /FlateDecode", compress(font.to_unicode()))
        self._stream(_CID_TO_GID, "/Filter /FlateDecode", compress(font.cid_to_gid()))
        program = font_program()
        self._stream(_FONT_FILE, f"/Filter /FlateDecode /Length1 {len(program)}", compress(program))

    def _reserve(self, count: int) -> range:
        self._next += count
        return range(self._next - count, self._next)

    def _object(self, key: int, body: str) -> None:
        self._offsets[key] = self._position
        self._write(f"{key} 0 obj\n{body}\nendobj\n".encode())

    def _stream(self, key: int, entries: str, data: bytes) -> None:
        self._offsets[key] = self._position
        self._write(f"{key} 0 obj\n<< {entries} /Length {len(data)} >>\nstream\n".encode())
        self._write(data)
        self._write(b"\nendstream\nendobj\n")

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._digest.update(data)
        self._position += len(data)


def _points_per_pixel(page: PdfPage) -> float:
    longest = max(page.layout.width, page.layout.height)
    return min(POINTS_PER_INCH / (page.dpi or DEFAULT_DPI), LONGEST_SIDE / longest)


def _image_entries(image: PageImage) -> str:
    entries = (
        f"/Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} "
        f"/ColorSpace /{_SPACES[image.channels]} /BitsPerComponent {image.bits} /Filter /{image.filter}"
    )
    if image.inverted:
        entries += f" /Decode [{' '.join(['1 0'] * image.channels)}]"
    if image.filter == "CCITTFaxDecode":
        # libtiff codes set bits as black runs, and set bits are white in DeviceGray.
        entries += f" /DecodeParms << /K -1 /BlackIs1 true /Columns {image.width} /Rows {image.height} >>"
    if image.filter == "FlateDecode":
        entries += f" /DecodeParms << /Predictor 15 /Colors {image.channels} /Columns {image.width} >>"
    return entries
