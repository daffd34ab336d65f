"""PDF/A of every kind of scan and image, and tagged documents, for veraPDF: ``python -m tests.pdfa.samples FOLDER``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pikepdf
from msgspec.structs import replace
from PIL import Image, ImageCms

from kserve_ocr.protocol.errors import NotArchivableError
from tests.transformer.formats import drawn
from tests.transformer.formats.drawn import layout, line
from tests.transformer.formats.pdf import corpus
from tests.transformer.formats.pdf.documents.native import DRAWINGS, NATIVE
from tests.transformer.formats.pdf.documents.scans import SCANS
from tests.transformer.formats.pdf.extractors import render
from transformer.formats.pdf.archival.obstacles import PARTS, Part, is_archivable
from transformer.formats.pdf.archival.pdfa import to_pdfa
from transformer.formats.pdf.grafting.graft import PageLayer
from transformer.formats.pdf.images.encoding import from_pixels, from_rendering
from transformer.formats.pdf.images.file_bytes import from_file
from transformer.formats.pdf.searchable import ImagePage, PdfChanges, from_images, from_pdf
from transformer.formats.pdf.tagging.elements import elements_of
from transformer.structure.content.page_structure import analyze
from transformer.structure.separators import Separators

LAYER: Final = PageLayer(1, layout(line("Grüße, naïve café (1)"), line("日本語 हिन्दी 😀", y=400)))
LEAST: Final = 100
"""Documents that become PDF/A; fewer mean that something is rejected which was not."""


def _pdfs() -> Iterator[tuple[str, Callable[[], bytes]]]:
    for name, kinds in (("kind", corpus.KINDS), ("scan", SCANS), ("native", NATIVE), ("drawing", DRAWINGS)):
        for kind, make in kinds.items():
            yield f"{name} {kind}", make
    yield "kind scripted", corpus.scripted


def _images() -> Iterator[tuple[str, str, bytes]]:
    """Name, kind and bytes of image files."""
    gray = drawn.draw()[0]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, kind, image, options in (
        ("jpeg", "jpeg", gray, {}),
        ("color jpeg", "jpeg", gray.convert("RGB"), {"icc_profile": profile}),
        ("cmyk jpeg", "jpeg", gray.convert("CMYK"), {}),
        ("png", "png", gray, {}),
        ("palette", "png", gray.convert("P"), {}),
        ("bilevel", "png", gray.convert("1"), {}),
        ("16 bits", "png", Image.fromarray(np.asarray(gray, np.uint16) * 257), {}),
        ("group 4", "tiff", gray.convert("1"), {"compression": "group4"}),
        ("jpeg 2000", "jpeg2000", gray.convert("RGB"), {}),
    ):
        file = io.BytesIO()
        image.save(file, kind.upper(), **options)
        yield name, "jp2" if kind == "jpeg2000" else kind, file.getvalue()


def _from_image(kind: str, data: bytes, part: Part) -> bytes:
    image = from_file(data, kind)
    if image is None or not is_archivable(image, part):
        with Image.open(io.BytesIO(data)) as opened:
            image = from_pixels(np.asarray(opened.convert("RGB"), np.uint8))
    return to_pdfa(from_images([ImagePage(image, LAYER.layout)], lang="de").data, part)[0]


def _tagged() -> Iterator[tuple[str, bytes]]:
    """Tagged documents, with the title and the mark of PDF/UA that only their author can give them."""
    elements = elements_of(LAYER.layout, analyze(LAYER.layout, Separators()))
    image = from_pixels(np.full((LAYER.layout.height, LAYER.layout.width), 255, np.uint8))
    changes = PdfChanges(lang="de", tagged=True)
    yield "tagged image", from_images([ImagePage(image, LAYER.layout, elements=elements)], lang="de").data
    for name in ("bookmarks", "rotated", "object streams"):
        yield f"tagged {name}", from_pdf(corpus.KINDS[name](), [replace(LAYER, elements=elements)], changes).data


def _accessible(document: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        with pdf.open_metadata() as metadata:
            metadata["dc:title"] = "A title"
            metadata["pdfuaid:part"] = "1"
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.save(out)
    return out.getvalue()


def write(folder: Path) -> int:
    """Write all documents that can become PDF/A, and tagged ones as PDF/UA; returns their number."""
    written = 0
    for name, document in _tagged():
        (folder / f"{name}.ua1.pdf").write_bytes(_accessible(document))
        (folder / f"{name}.2b.pdf").write_bytes(to_pdfa(document, 2)[0])
        written += 2
    for part in PARTS:
        for name, kind, data in _images():
            (folder / f"image {name}.{part}b.pdf").write_bytes(_from_image(kind, data, part))
            written += 1
        for name, make in _pdfs():
            original = make()
            pictures = [(1, from_rendering(render(original)))] if name.startswith("native") else []
            changes = PdfChanges(lang="de", only_pages=bool(pictures))
            try:
                made = to_pdfa(from_pdf(original, [LAYER], changes, pictures=pictures).data, part)[0]
            except NotArchivableError as error:
                print(f"{name}: {error.message}")
                continue
            (folder / f"{name}.{part}b.pdf").write_bytes(made)
            written += 1
    return written


if __name__ == "__main__":
    sys.exit(0 if write(Path(sys.argv[1])) >= LEAST else 1)
