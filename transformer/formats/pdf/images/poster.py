"""Black and white images that are too large to be decoded, as PDFs, of which a page is drawn at any resolution."""

from __future__ import annotations

import io
import warnings

import pikepdf
from PIL import Image

from transformer.formats.pdf.images.file_bytes import from_file
from transformer.formats.pdf.images.page import add_image_page


def as_pdf(data: bytes, kind: str, *, orientation: int, dpi: tuple[float, float] | None, pixels: int) -> bytes | None:
    """A PDF that shows an image file of one 1-bit page with more than ``pixels`` pixels; None for any other.

    ``orientation`` and ``dpi`` are those of its header, as for :func:`add_image_page`.
    """
    if not _is_poster(data, pixels):
        return None
    image = from_file(data, kind, orientation=orientation, strips_above=pixels)
    if image is None or image.bits != 1:
        return None
    pdf = pikepdf.Pdf.new()
    add_image_page(pdf, image, dpi=dpi)
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def _is_poster(data: bytes, pixels: int) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=["PNG", "TIFF"]) as image:
            return image.width * image.height > pixels and getattr(image, "n_frames", 1) == 1
    except (OSError, ValueError, SyntaxError, TypeError, EOFError):
        return False
