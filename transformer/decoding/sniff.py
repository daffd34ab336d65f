"""File type detection by content; file names and content types are ignored."""

from __future__ import annotations

import re
from typing import Literal

from kserve_ocr.protocol.errors import MalformedRequestError, UnsupportedDocumentError

FileType = Literal["png", "jpeg", "tiff", "webp", "bmp", "gif", "jp2", "avif", "heif", "pnm", "pdf"]

ACCEPTED = "PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, AVIF, HEIC, PNM or PDF"

HEAD_BYTES = 1024
"""Bytes examined. PDF readers accept the header anywhere within them."""

_KINDS: tuple[tuple[bytes, FileType], ...] = (
    (rb"\x89PNG\r\n\x1a\n", "png"),
    (rb"\xff\xd8\xff", "jpeg"),
    (rb"II[*+]\0|MM\0[*+]|MM[*]\0|II\0[*]", "tiff"),
    (rb"RIFF.{4}WEBP", "webp"),
    # The size of the second header distinguishes a bitmap from a text that starts with BM.
    (rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", "bmp"),
    (rb"GIF8[79]a", "gif"),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "jp2"),
    (rb".{4}ftypavi[fs]|.{4}ftypmi[fs]1.{4,64}avi[fs]", "avif"),
    (rb".{4}ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1)", "heif"),
    (rb"P[1-6][\s#]", "pnm"),
    (rb".{0,1019}?%PDF-", "pdf"),
)

_MISTAKEN: tuple[tuple[bytes, str], ...] = (
    (rb".{4}ftyp", "a video"),
    (rb"PK\x03\x04", "a ZIP archive or an office document"),
    (rb"\xd0\xcf\x11\xe0", "an office document"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript"),
    (rb"8BPS", "a Photoshop file"),
    (rb"AT&TFORM", "DjVu"),
    (rb"\s*(?:<\?xml[^>]*>\s*)?<svg", "SVG"),
    (rb"\s*<(?:!doctype html|html|head|body)", "HTML"),
    (rb"\s*[\[{]", "JSON"),
    (rb"data:[a-z]+/|iVBORw0KGgo|/9j/4|JVBERi0|SUkqA|TU0AK|R0lGODl|UklGR", "base64 text, not the bytes themselves"),
)


def is_document(document: bytes | memoryview) -> bool:
    """Whether the first bytes are those of a document that is read here."""
    head = bytes(document[:HEAD_BYTES])
    return any(re.match(pattern, head, re.DOTALL) for pattern, _ in _KINDS)


def detect_file_type(document: bytes | memoryview) -> FileType:
    """The kind of a document.

    Raises MalformedRequestError for an empty document and UnsupportedDocumentError for one that is neither an
    image of an accepted format nor a PDF.
    """
    head = bytes(document[:HEAD_BYTES])
    if not head:
        raise MalformedRequestError(f"the document is empty (0 bytes); send a {ACCEPTED} file")
    for pattern, kind in _KINDS:
        if re.match(pattern, head, re.DOTALL):
            return kind
    for pattern, name in _MISTAKEN:
        if re.match(pattern, head, re.DOTALL | re.IGNORECASE):
            raise UnsupportedDocumentError(f"the document is {name}; send {ACCEPTED}")
    raise UnsupportedDocumentError(f"the document is neither an image nor a PDF that is read here; send {ACCEPTED}")
