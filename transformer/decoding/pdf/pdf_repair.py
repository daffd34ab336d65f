"""PDFs that PDFium cannot open, repaired by qpdf."""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

import pikepdf


def repaired(file: BinaryIO, *, password: str = "") -> BinaryIO | None:
    """The PDF with its table of objects and its page tree restored; None if qpdf finds no page in it either.

    An encrypted document stays encrypted.
    """
    file.seek(0)
    out = io.BytesIO()
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            pikepdf.open(file, password=password, suppress_warnings=True) as pdf,
        ):
            if not len(pdf.pages):
                return None
            pdf.save(out, encryption=True if pdf.is_encrypted else None, fix_metadata_version=False)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, LookupError, AttributeError):
        return None  # what pikepdf raises for objects of the wrong type, in addition to its own errors
    return out
