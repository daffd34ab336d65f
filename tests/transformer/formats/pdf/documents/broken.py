"""Damaged documents: each is read as far as it goes, or rejected with a reason."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Page, Pdf

from tests.transformer.formats.pdf.documents.images import jbig2_image
from tests.transformer.formats.pdf.documents.scans import SCANS, add_page, saved

_SCAN: Final = "group 4"


def _scan() -> bytes:
    return SCANS[_SCAN]()


def _wrong_offsets() -> bytes:
    """A file that was edited by hand, so that the table of objects is a few bytes off."""
    return _scan().replace(b"%PDF-1.3\n", b"%PDF-1.3\n% edited\n", 1)


def _wrong_length() -> bytes:
    return re.sub(rb"/Length (\d+)", lambda match: b"/Length 7" + b" " * (len(match[1]) - 1), _scan())


def _jbig2_segment() -> bytes:
    pdf = Pdf.new()
    add_page(pdf, jbig2_image(pdf, complete=False))
    return saved(pdf)


def _bad_jpeg() -> bytes:
    data = SCANS["rgb jpeg"]()
    start = data.index(b"\xff\xda") + 400
    return data[:start] + bytes(200) + data[start + 200 :]


def _page_loop() -> bytes:
    pdf = Pdf.open(io.BytesIO(_scan()))
    return re.sub(rb"/Kids \[ \d+ 0 R \]", b"/Kids [ 2 0 R ]", saved(pdf))


def _form_loop() -> bytes:
    """A form that shows itself."""
    pdf = Pdf.open(io.BytesIO(SCANS["form"]()))
    form = pdf.pages[0].obj.Resources.XObject.Im0
    form.Resources.XObject.Again = form
    form.write(b"q /Im0 Do /Again Do Q")
    return saved(pdf)


def _bomb() -> bytes:
    """Content of 4 MB in 4 kB."""
    pdf = Pdf.open(io.BytesIO(_scan()))
    stream = pdf.make_stream(zlib.compress(b"q Q\n" * 1_000_000, 9), Filter=Name.FlateDecode)
    pdf.pages[0].obj.Contents = Array([pdf.pages[0].obj.Contents, stream])
    return saved(pdf)


def _no_pages() -> bytes:
    out = io.BytesIO()
    Pdf.new().save(out)
    return out.getvalue()


def _null_page() -> bytes:
    """A page that is in the tree and not in the file."""
    data = saved(Pdf.open(io.BytesIO(SCANS["pages of all kinds"]())))
    return re.sub(rb"/Kids \[ (\d+ 0 R) \d+ 0 R", rb"/Kids [ \1 99 0 R", data)


def _boxes() -> bytes:
    """A page whose box is no box."""
    pdf = Pdf.new()
    pdf.pages.append(Page(Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 0, 0]), Contents=pdf.make_stream(b""))))
    return saved(pdf)


def _words_box() -> bytes:
    return _scan().replace(b"/MediaBox [ 0 0 500 250 ]", b"/MediaBox [ /a /b /c /d ]")


def _appended_twice() -> bytes:
    """A file after an update by another program, which was cut off."""
    data = _scan()
    return data + b"1 0 obj\n<< /Type /Cata"


def _html() -> bytes:
    return b"%PDF-1.4\n<html><body>Your session has expired.</body></html>"


def _encrypted() -> bytes:
    with Pdf.open(io.BytesIO(_scan())) as pdf:
        return saved(pdf, encryption=pikepdf.Encryption(owner="o", user="password", R=6))


BROKEN: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "cut off": lambda: _scan()[:-250],
        "half": lambda: _scan()[: len(_scan()) // 2],
        "garbage after": lambda: _scan() + b"\0" * 3000 + b"\r\ngarbage",
        "garbage before": lambda: b"\xef\xbb\xbfHTTP/1.1 200 OK\r\n\r\n" + _scan(),
        "line ends changed": lambda: _scan().replace(b"\n", b"\r\n"),
        "wrong offsets": _wrong_offsets,
        "table from 1": lambda: _scan().replace(b"xref\n0 ", b"xref\n1 "),
        "too many pages": lambda: _scan().replace(b"/Count 1", b"/Count 9"),
        "wrong length": _wrong_length,
        "update cut off": _appended_twice,
        "unknown jbig2 segment": _jbig2_segment,
        "bad jpeg": _bad_jpeg,
        "page loop": _page_loop,
        "form loop": _form_loop,
        "bomb": _bomb,
        "null page": _null_page,
        "empty box": _boxes,
        "box of names": _words_box,
        "no pages": _no_pages,
        "header only": lambda: b"%PDF-1.7\n%%EOF\n",
        "a web page": _html,
        "encrypted for a password": _encrypted,
    }
)
