"""Digital signatures of a PDF, which any change makes invalid (ISO 32000-1, 12.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pikepdf import Array, Dictionary, Name, Object, Pdf

_MAX_FIELDS: Final = 10_000
_MAX_DEPTH: Final = 16
"""Of a tree of form fields."""


def is_signed(pdf: Pdf) -> bool:
    """Whether somebody has signed the document; fields that wait for a signature do not count."""
    return any("/V" in field for field in _signature_fields(pdf)) or "/DocMDP" in _dictionary(pdf.Root.get("/Perms"))


def drop_signatures(pdf: Pdf) -> None:
    """Make every signature field an empty one."""
    for field in _signature_fields(pdf):
        if "/V" in field:
            del field["/V"]
    form = _dictionary(pdf.Root.get("/AcroForm"))
    if "/SigFlags" in form:
        del pdf.Root["/AcroForm"]["/SigFlags"]
    if "/Perms" in pdf.Root:
        del pdf.Root["/Perms"]


def _signature_fields(pdf: Pdf) -> Iterator[Object]:
    fields = _dictionary(pdf.Root.get("/AcroForm")).get("/Fields")
    left = [(field, _MAX_DEPTH) for field in fields] if isinstance(fields, Array) else []
    for _ in range(_MAX_FIELDS):
        if not left:
            return
        field, depth = left.pop()
        if not isinstance(field, Dictionary) or not depth:
            continue
        if field.get("/FT") == Name.Sig:
            yield field
        kids = field.get("/Kids")
        if isinstance(kids, Array):
            left += [(kid, depth - 1) for kid in kids]


def _dictionary(value: Object | None) -> dict[str, Object]:
    return dict(value.items()) if isinstance(value, Dictionary) else {}
